#pragma once

#include "torchhub/training/callback.h"

#include <cstdio>
#include <string>

namespace torchhub {

/// Prints each log as a line in the form of a Python dict, as transformers' PrinterCallback does
/// where there is no progress bar: `{'loss': '0.6931', 'epoch': '0.5'}`. Numbers with a point show
/// four significant digits; `total_flos` is left out. Silent on all but one process of a machine.
class PrinterCallback final : public TrainerCallback {
 public:
  /// @param out standard output or another open stream, which it does not close. A stream that
  /// takes nothing does not end the run.
  explicit PrinterCallback(std::FILE* out = stdout) : out_(out) {}

  std::string name() const override { return "PrinterCallback"; }
  void on_log(const TrainerEvent& event, const LogRow& logs) override;

 private:
  std::FILE* out_;
};

}  // namespace torchhub
