#include "torchhub/callbacks/csv_log.h"

#include "callbacks/csv_records.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kOwnColumns = {"step", "time"};

/// Whole numbers without a point, so that both int() and float() read them.
std::string number_text(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}

std::string text_of(const std::vector<std::vector<std::string>>& records) {
  std::string text;
  for (const auto& record : records) text += csv_line(record);
  return text;
}

/// @throws FileError if the system does not say
bool is_there(const fs::path& file) {
  std::error_code error;
  const bool there = fs::exists(file, error);
  if (error) throw_file_error("read", file, error.value());
  return there;
}

/// The table that is there, if any. @throws FileError for a file that is not ours
CsvRecords read_table(const fs::path& file) {
  if (!is_there(file)) return {};
  CsvRecords table = parse_csv(read_file(file));
  const auto refuse = [&](const std::string& why) {
    throw FileError(fmt::format("'{}' is no log of torchhub: {} Move it away, or log to another "
                                "file.",
                                file.string(), why),
                    file);
  };
  if (table.records.empty()) {
    if (!csv_line(kOwnColumns).starts_with(read_file(file).substr(0, 9))) {
      refuse("it has no line that begins with step,time.");
    }
    return table;
  }
  const std::vector<std::string>& header = table.records.front();
  if (!std::equal(kOwnColumns.begin(), kOwnColumns.end(), header.begin(),
                  header.begin() + std::min<std::ptrdiff_t>(2, std::ssize(header)))) {
    refuse("its first line does not begin with step,time.");
  }
  for (std::size_t row = 1; row < table.records.size(); ++row) {
    if (table.records[row].size() == header.size()) continue;
    refuse(fmt::format("its row {} has {} fields, its header {}.", row, table.records[row].size(),
                       header.size()));
  }
  return table;
}

}  // namespace

CsvLogger::CsvLogger(fs::path file, std::shared_ptr<const Clock> clock)
    : file_(std::move(file)), clock_(std::move(clock)) {}

void CsvLogger::begin(const RunFacts& /*run*/) {
  CsvRecords table = read_table(file_);
  if (table.cut_short) write_file_atomically(file_, text_of(table.records));
  columns_ = table.records.empty() ? std::vector<std::string>{} : table.records.front();
}

void CsvLogger::scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) {
  std::vector<std::string> columns = columns_with(scalars);
  if (columns.size() > columns_.size() || !is_there(file_)) widen(columns);
  columns_ = std::move(columns);
  std::vector<std::string> row(columns_.size());
  row[0] = fmt::format("{}", step);
  row[1] = to_rfc3339(clock_->now());
  for (const LoggedScalar& scalar : scalars) {
    const auto column = std::find(columns_.begin(), columns_.end(), scalar.tag);
    row[static_cast<std::size_t>(column - columns_.begin())] = number_text(scalar.value);
  }
  append_to_file(file_, csv_line(row));
}

/// New ones come last.
std::vector<std::string> CsvLogger::columns_with(const std::vector<LoggedScalar>& scalars) const {
  std::vector<std::string> columns = columns_.empty() ? kOwnColumns : columns_;
  for (const LoggedScalar& scalar : scalars) {
    const auto found = std::find(columns.begin(), columns.end(), scalar.tag);
    if (found != columns.end() && found - columns.begin() < 2) {
      throw InvalidArgumentError(fmt::format(
          "The CSV log has a column '{}' of its own; name the number otherwise.", scalar.tag));
    }
    if (found == columns.end()) columns.push_back(scalar.tag);
  }
  return columns;
}

/// The whole file once more, under the new header: tags are few, so this happens a few times a run.
void CsvLogger::widen(const std::vector<std::string>& columns) {
  CsvRecords table = read_table(file_);
  if (table.records.empty()) table.records.emplace_back();
  table.records.front() = columns;
  for (auto& record : table.records) record.resize(columns.size());
  write_file_atomically(file_, text_of(table.records));
}

}  // namespace torchhub
