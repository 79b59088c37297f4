#pragma once

#include "torchhub/callbacks/tensorboard.h"
#include "torchhub/training/callback.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// What the loggers that `report_to` names are made with.
struct ReportToOptions {
  std::filesystem::path output_dir;  ///< The logs' files go into it.
  std::string run_name = {};  ///< Wins over args.run_name; empty: that, or output_dir's name.
  TensorBoardOptions tensorboard = {};
  std::shared_ptr<const Clock> clock = system_clock();
  bool strict_json = false;  ///< log.jsonl has null for NaN and infinities.
};

/// The names that make_loggers() knows: "tensorboard", "csv", "jsonl", "svg".
std::vector<std::string> logger_names();

/// The callbacks that `report_to` asks for, each once, in its order: `tensorboard` writes event
/// files (TensorBoardLogger), `csv` log.csv, `jsonl` log.jsonl and `svg` training.svg in
/// output_dir; `all` is all of these, `none` and no name at all are none.
/// @throws InvalidArgumentError that lists every name it cannot serve: `none` or `all` beside
/// others, transformers' loggers that torchhub does not offer, unknown words
std::vector<std::shared_ptr<TrainerCallback>> make_loggers(
    const std::vector<std::string>& report_to, const ReportToOptions& options);

}  // namespace torchhub
