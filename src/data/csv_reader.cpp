#include "data/csv_reader.h"

#include "data/indexed_text.h"
#include "torchhub/data/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace torchhub {

CsvReader::CsvReader(std::string_view text, char delimiter, std::string source)
    : text_(text), delimiter_(delimiter), source_(std::move(source)) {}

bool CsvReader::next(std::vector<std::string>& fields) {
  if (!skip_blank_lines()) return false;
  row_start_ = at_;
  row_line_ = line_;
  std::size_t count = 0;
  bool more = true;
  while (more) {
    if (count == fields.size()) fields.emplace_back();
    read_field(fields[count++]);
    more = at_ < text_.size() && text_[at_] == delimiter_;
    if (more) ++at_;
  }
  take_line_end();
  fields.resize(count);
  return true;
}

bool CsvReader::skip_blank_lines() {
  while (take_line_end()) {
  }
  return at_ < text_.size();
}

bool CsvReader::take_line_end() {
  const std::size_t length = line_end_length(text_.substr(at_));
  at_ += length;
  line_ += length > 0 ? 1 : 0;
  return length > 0;
}

void CsvReader::read_field(std::string& field) {
  field.clear();
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(field);
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' &&
         text_[at_] != '\r') {
    ++at_;
  }
  field.assign(text_.substr(begin, at_ - begin));
}

/// Leaves `at_` after the closing quote.
void CsvReader::read_quoted(std::string& field) {
  const std::int64_t opened = line_;
  ++at_;
  while (true) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      throw DatasetError(fmt::format(
          "{}: the quote that opens a field here is never closed. Close it, or write a quote that "
          "belongs to the text twice and the field in quotes.",
          place_of(opened)));
    }
    const std::string_view piece = text_.substr(at_, quote - at_);
    field += piece;
    line_ += std::count(piece.begin(), piece.end(), '\n');
    at_ = quote + 1;
    if (at_ >= text_.size() || text_[at_] != '"') break;
    field += '"';
    ++at_;
  }
  if (at_ < text_.size() && text_[at_] != delimiter_ && line_end_length(text_.substr(at_)) == 0) {
    throw DatasetError(
        fmt::format("{}: text follows the quote that closes a field. Write a quote that belongs to "
                    "the text twice.",
                    place_of(line_)));
  }
}

std::string CsvReader::place() const { return place_of(row_line_); }

std::string CsvReader::place_of(std::int64_t line) const {
  return fmt::format("{}, line {}", source_, line);
}

}  // namespace torchhub
