#include "torchhub/data/csv.h"

#include "data/csv_column.h"
#include "data/csv_reader.h"
#include "data/indexed_text.h"
#include "torchhub/base/utf8.h"
#include "torchhub/data/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace torchhub {
namespace {

using Fields = std::vector<std::string>;

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
};

void check_utf8(const CsvReader& rows, const Fields& fields) {
  if (std::all_of(fields.begin(), fields.end(), [](const auto& f) { return is_utf8(f); })) return;
  throw DatasetError(
      fmt::format("{} is not UTF-8. Convert the file (iconv -f LATIN1 -t UTF-8).", rows.place()));
}

class CsvFile final : public RecordFile {
 public:
  CsvFile(const std::filesystem::path& path, const CsvOptions& options)
      : file_(path), delimiter_(options.delimiter) {
    CsvReader rows(file_.text(), delimiter_, file_.name());
    name_columns(rows, options);
    read_rows(rows, options);
  }

  std::int64_t size() const override { return file_.size(); }
  std::string where(std::int64_t index) const override { return file_.where(index); }

  Record get(std::int64_t index) const override {
    Fields fields;
    CsvReader(file_.from(index), delimiter_, file_.name()).next(fields);
    Record record = Record::object();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      record[columns_[i].name] = value_of(fields.at(i), columns_[i].type);
    }
    return record;
  }

 private:
  void name_columns(CsvReader& rows, const CsvOptions& options);
  void read_rows(CsvReader& rows, const CsvOptions& options);
  void check_row(const CsvReader& rows, const Fields& fields) const;

  IndexedText file_;
  char delimiter_;
  std::vector<Column> columns_;
};

void CsvFile::name_columns(CsvReader& rows, const CsvOptions& options) {
  Fields names = options.column_names;
  if (names.empty() && !rows.next(names)) {
    throw DatasetError(fmt::format(
        "{} has no header: it is empty. Name the columns (column_names) if that is right.",
        file_.name()));
  }
  check_utf8(rows, names);
  std::set<std::string> taken;
  for (std::string& name : names) {
    if (name.empty()) name = fmt::format("Unnamed: {}", columns_.size());
    if (!taken.insert(name).second) {
      throw DatasetError(fmt::format("{} has two columns '{}'.", file_.name(), name));
    }
    columns_.push_back({.name = std::move(name)});
  }
  for (const auto& [name, type] : options.column_types) {
    if (taken.contains(name)) continue;
    throw InvalidArgumentError(fmt::format("column_types names '{}'; the columns of {} are '{}'.",
                                           name, file_.name(), fmt::join(taken, "', '")));
  }
}

void CsvFile::read_rows(CsvReader& rows, const CsvOptions& options) {
  std::vector<ColumnGuess> guesses(columns_.size());
  std::vector<bool> given(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto found = options.column_types.find(columns_[i].name);
    given[i] = found != options.column_types.end();
    if (given[i]) columns_[i].type = found->second;
  }
  Fields fields;
  while (rows.next(fields)) {
    check_row(rows, fields);
    file_.add(rows.row_start());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!given[i]) {
        guesses[i].see(fields[i]);
      } else if (!suits(fields[i], columns_[i].type)) {
        throw DatasetError(fmt::format("{}: '{}' in column '{}' is not of type {}.", rows.place(),
                                       fields[i], columns_[i].name, to_string(columns_[i].type)));
      }
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!given[i]) columns_[i].type = guesses[i].type();
  }
}

void CsvFile::check_row(const CsvReader& rows, const Fields& fields) const {
  if (fields.size() != columns_.size()) {
    throw DatasetError(
        fmt::format("{} has {} fields, but there are {} columns. A field that holds '{}' stands in "
                    "quotes.",
                    rows.place(), fields.size(), columns_.size(), delimiter_));
  }
  check_utf8(rows, fields);
}

}  // namespace

std::shared_ptr<const RecordFile> read_csv(const std::filesystem::path& path,
                                           const CsvOptions& options) {
  if (std::string_view("\"\r\n").find(options.delimiter) != std::string_view::npos) {
    throw InvalidArgumentError("The delimiter of a CSV file can be no quote and no line end.");
  }
  return std::make_shared<CsvFile>(path, options);
}

}  // namespace torchhub
