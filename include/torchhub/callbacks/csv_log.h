#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/callbacks/experiment_logger.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// A table of all numbers logged (RFC 4180, UTF-8): one row a log, the columns "step", "time" (RFC
/// 3339) and then one a tag in the order in which tags first came; empty where a log had no such
/// number, `nan`, `inf`, `-inf` as Python's float() reads them. A new tag rewrites the file with
/// one more column, so that every row always has as many fields as the header. Texts are left out.
///
/// What is there is never thrown away: a run that resumes, or is started anew, appends. Where steps
/// are done again, "time" tells their rows apart.
class CsvLogger final : public ExperimentLogger {
 public:
  /// @param file made with its folders at the first log
  explicit CsvLogger(std::filesystem::path file,
                     std::shared_ptr<const Clock> clock = system_clock());

  std::string name() const override { return "CsvLogCallback"; }
  /// Reads the header of a file that is there. A last line that was cut short is taken away.
  /// @throws FileError if the file cannot be read, or is no such table
  void begin(const RunFacts& run) override;
  /// @throws InvalidArgumentError for the tags "step" and "time"; FileError, DiskFullError
  void scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) override;
  void text(std::string_view, std::int64_t, std::string_view) override {}
  void end() override {}

 private:
  std::vector<std::string> columns_with(const std::vector<LoggedScalar>& scalars) const;
  void widen(const std::vector<std::string>& columns);

  std::filesystem::path file_;
  std::shared_ptr<const Clock> clock_;
  std::vector<std::string> columns_;
};

}  // namespace torchhub
