#include "torchhub/callbacks/csv_log.h"

#include "callbacks/csv_records.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
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

/// The table that is there, if any. @throws FileError for a file that is not ours
CsvRecords read_table(const fs::path& file) {
  if (!fs::exists(file)) return {};
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
  if (add_columns(scalars) || !fs::exists(file_)) widen();
  std::vector<std::string> row(columns_.size());
  row[0] = fmt::format("{}", step);
  row[1] = to_rfc3339(clock_->now());
  for (const LoggedScalar& scalar : scalars) {
    const auto column = std::find(columns_.begin(), columns_.end(), scalar.tag);
    row[static_cast<std::size_t>(column - columns_.begin())] = number_text(scalar.value);
  }
  append(csv_line(row));
}

/// @return whether there are any new ones
bool CsvLogger::add_columns(const std::vector<LoggedScalar>& scalars) {
  std::vector<std::string> columns = columns_.empty() ? kOwnColumns : columns_;
  for (const LoggedScalar& scalar : scalars) {
    const auto found = std::find(columns.begin(), columns.end(), scalar.tag);
    if (found != columns.end() && found - columns.begin() < 2) {
      throw InvalidArgumentError(fmt::format(
          "The CSV log has a column '{}' of its own; name the number otherwise.", scalar.tag));
    }
    if (found == columns.end()) columns.push_back(scalar.tag);
  }
  const bool grown = columns.size() > columns_.size();
  columns_ = std::move(columns);
  return grown;
}

/// The whole file once more, under the new header: tags are few, so this happens a few times a run.
void CsvLogger::widen() {
  CsvRecords table = read_table(file_);
  if (table.records.empty()) table.records.emplace_back();
  table.records.front() = columns_;
  for (auto& record : table.records) record.resize(columns_.size());
  write_file_atomically(file_, text_of(table.records));
}

void CsvLogger::append(const std::string& line) {
  std::error_code ignored;
  const std::uintmax_t size = fs::file_size(file_, ignored);
  errno = 0;
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << line << std::flush;
  if (out) return;
  const int error = errno;
  out.close();
  if (size != static_cast<std::uintmax_t>(-1))
    fs::resize_file(file_, size, ignored);  // no half a line
  throw_file_error("write", file_, error);
}

}  // namespace torchhub
