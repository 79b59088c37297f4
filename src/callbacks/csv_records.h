#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// One line of a CSV table (RFC 4180, but with a bare line feed), fields quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields);

struct CsvRecords {
  std::vector<std::vector<std::string>> records;
  bool cut_short = false;  ///< A last record without a line end followed; it is not in `records`.
};

/// Reads what csv_line() wrote, line ends inside quotes and CRLF included.
CsvRecords parse_csv(std::string_view text);

}  // namespace torchhub
