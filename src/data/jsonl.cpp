#include "torchhub/data/jsonl.h"

#include "data/indexed_text.h"
#include "torchhub/base/python_format.h"
#include "torchhub/data/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// JSON knows no lone "\r" as the end of a line: it is a blank like others.
std::string_view json_line(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), text.size()));
}

class JsonlFile final : public RecordFile {
 public:
  explicit JsonlFile(const std::filesystem::path& path) : file_(path) {
    const std::string_view text = file_.text();
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view line = json_line(text.substr(at));
      if (line.find_first_not_of(kBlanks) != std::string_view::npos) file_.add(at);
      at += line.size() + 1;
    }
  }

  std::int64_t size() const override { return file_.size(); }
  std::string where(std::int64_t index) const override { return file_.where(index); }

  Record get(std::int64_t index) const override {
    const std::string line(json_line(file_.from(index)));
    Record record;
    try {
      record = parse_python_json(line);
    } catch (const InvalidArgumentError& error) {
      throw DatasetError(fmt::format("{}: {}", where(index), error.what()));
    }
    if (!record.is_object()) {
      throw DatasetError(fmt::format(
          "{} is no JSON object but {}. Write one object a line, {{\"name\": value, ...}}.",
          where(index), record.type_name()));
    }
    return record;
  }

 private:
  IndexedText file_;
};

}  // namespace

std::shared_ptr<const RecordFile> read_jsonl(const std::filesystem::path& path) {
  return std::make_shared<JsonlFile>(path);
}

}  // namespace torchhub
