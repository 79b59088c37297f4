#pragma once

#include "torchhub/data/record_file.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// What the fields of a CSV column are.
enum class ColumnType { int64, float64, bool_, text };

struct CsvOptions {
  char delimiter = ',';  ///< Between fields; no quote and no line end.
  /// Names of all columns, for a file without a header. Empty: the first row has them.
  std::vector<std::string> column_names = {};
  /// Types that must not be guessed, such as text for the postal code "01067".
  std::map<std::string, ColumnType> column_types = {};
};

/// A file of comma-separated values as RFC 4180 describes them: fields may stand in quotes, and
/// then hold delimiters, line ends, and quotes written twice. Line ends of any kind; blank lines
/// are skipped; a column without a name is "Unnamed: <number>", as in pandas.
///
/// The whole file is read once, here, for the places of its rows and the types of its columns. A
/// column is of the first type that suits all its fields: int64, float64 (also "nan", "inf", and
/// empty fields, which are null), bool ("true" and "false" in any of Python's spellings), else
/// text, where an empty field is "". Whole numbers that int64 cannot hold make a column text.
/// @throws FileError; InvalidArgumentError for options that do not fit the file; DatasetError that
/// names the line with an unclosed quote, the wrong number of fields, or bytes that are not UTF-8
std::shared_ptr<const RecordFile> read_csv(const std::filesystem::path& path,
                                           const CsvOptions& options = {});

}  // namespace torchhub
