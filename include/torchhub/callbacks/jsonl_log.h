#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/training/callback.h"

#include <filesystem>
#include <memory>

namespace torchhub {

struct JsonlLogOptions {
  /// NaN and infinities as null, which every JSON reader takes; else as Python's bare words.
  bool strict_json = false;
};

/// Appends each log as one line of JSON: the logged values, "step", and "time" (RFC 3339), at once
/// and as a whole. A run that resumes goes on in the same file. On the run's first process only.
class JsonlLogCallback final : public TrainerCallback {
 public:
  /// @param file made with its folders at the first log
  explicit JsonlLogCallback(std::filesystem::path file,
                            std::shared_ptr<const Clock> clock = system_clock(),
                            const JsonlLogOptions& options = {});

  std::string name() const override { return "JsonlLogCallback"; }
  /// @throws FileError, DiskFullError: then nothing of the line is written
  void on_log(const TrainerEvent& event, const LogRow& logs) override;

 private:
  std::filesystem::path file_;
  std::shared_ptr<const Clock> clock_;
  JsonlLogOptions options_;
};

}  // namespace torchhub
