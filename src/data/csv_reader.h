#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Takes the rows of a CSV text one after another (RFC 4180).
class CsvReader {
 public:
  /// @param source how errors name the text: "'a.csv'"
  CsvReader(std::string_view text, char delimiter, std::string source);

  /// Puts the next row that is not blank into `fields`, whose strings are used again.
  /// @return false at the end of the text
  /// @throws DatasetError that names the line for a quote which is not closed, or text after one
  bool next(std::vector<std::string>& fields);

  /// Where the row that next() gave starts.
  std::size_t row_start() const { return row_start_; }
  /// Its first line, from 1.
  std::int64_t row_line() const { return row_line_; }
  /// "'a.csv', line 3"
  std::string place() const;

 private:
  bool skip_blank_lines();
  bool take_line_end();
  void read_field(std::string& field);
  void read_quoted(std::string& field);
  std::string place_of(std::int64_t line) const;

  std::string_view text_;
  char delimiter_;
  std::string source_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::size_t row_start_ = 0;
  std::int64_t row_line_ = 1;
};

}  // namespace torchhub
