#include "callbacks/csv_records.h"

#include <utility>

namespace torchhub {

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line + '\n';
}

CsvRecords parse_csv(std::string_view text) {
  CsvRecords result;
  std::vector<std::string> record;
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool next_is_quote = i + 1 < text.size() && text[i + 1] == '"';
    if (quoted && c == '"' && next_is_quote) {
      field += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
      field += c;
    } else if (c != '\r') {
      record.push_back(std::exchange(field, {}));
      if (c == '\n') result.records.push_back(std::exchange(record, {}));
    }
  }
  result.cut_short = quoted || !field.empty() || !record.empty();
  return result;
}

}  // namespace torchhub
