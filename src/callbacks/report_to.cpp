#include "torchhub/callbacks/report_to.h"

#include "torchhub/base/error.h"
#include "torchhub/callbacks/csv_log.h"
#include "torchhub/callbacks/jsonl_log.h"
#include "torchhub/callbacks/logging_callback.h"
#include "torchhub/callbacks/training_plot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace torchhub {
namespace {

using Names = std::vector<std::string>;
using Callback = std::shared_ptr<TrainerCallback>;

struct Offer {
  std::string_view name;
  Callback (*make)(const ReportToOptions&);
};

Callback tensorboard(const ReportToOptions& options) {
  return std::make_shared<LoggingCallback>(
      std::make_shared<TensorBoardLogger>(options.tensorboard, options.clock), options.run_name);
}

Callback csv(const ReportToOptions& options) {
  return std::make_shared<LoggingCallback>(
      std::make_shared<CsvLogger>(options.output_dir / "log.csv", options.clock), options.run_name);
}

Callback jsonl(const ReportToOptions& options) {
  return std::make_shared<JsonlLogCallback>(options.output_dir / "log.jsonl", options.clock,
                                            JsonlLogOptions{.strict_json = options.strict_json});
}

Callback svg(const ReportToOptions& options) {
  using Title = std::optional<std::string>;
  return std::make_shared<TrainingPlotCallback>(
      options.output_dir / kTrainingPlotFile,
      options.run_name.empty() ? Title() : Title(options.run_name));
}

constexpr std::array<Offer, 4> kOffers = {
    {{"tensorboard", tensorboard}, {"csv", csv}, {"jsonl", jsonl}, {"svg", svg}}};

/// The other names that transformers 5.12 takes.
constexpr std::array<std::string_view, 13> kOnlyInPython = {
    "azure_ml", "comet_ml", "mlflow", "neptune", "trackio", "wandb",   "codecarbon",
    "clearml",  "dagshub",  "flyte",  "dvclive", "swanlab", "kubeflow"};

const Offer* offer_of(std::string_view name) {
  const auto found = std::find_if(kOffers.begin(), kOffers.end(),
                                  [&](const Offer& offer) { return offer.name == name; });
  return found == kOffers.end() ? nullptr : &*found;
}

bool stands_alone(std::string_view name) { return name == "all" || name == "none"; }

std::string problem_of(const std::string& name) {
  const std::string valid = fmt::format("{}, all, none", fmt::join(logger_names(), ", "));
  if (stands_alone(name)) return fmt::format("'{}' stands alone, without other names.", name);
  if (std::find(kOnlyInPython.begin(), kOnlyInPython.end(), name) != kOnlyInPython.end()) {
    return fmt::format(
        "'{}' is not offered by torchhub: use one of {}, or give a logger of your own through "
        "TrainerOptions::callbacks.",
        name, valid);
  }
  return fmt::format("'{}' is not known: use one of {}.", name, valid);
}

Names wanted(const Names& report_to) {
  if (report_to.size() == 1 && report_to.front() == "all") return logger_names();
  if (report_to.size() == 1 && report_to.front() == "none") return {};
  Names names;
  Names problems;
  for (const std::string& name : report_to) {
    if (offer_of(name) == nullptr) {
      problems.push_back(problem_of(name));
    } else if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  if (!problems.empty()) throw InvalidArgumentError("report_to is not valid", std::move(problems));
  return names;
}

}  // namespace

std::vector<std::string> logger_names() {
  Names names;
  for (const Offer& offer : kOffers) names.emplace_back(offer.name);
  return names;
}

std::vector<Callback> make_loggers(const std::vector<std::string>& report_to,
                                   const ReportToOptions& options) {
  std::vector<Callback> callbacks;
  for (const std::string& name : wanted(report_to)) {
    callbacks.push_back(offer_of(name)->make(options));
  }
  return callbacks;
}

}  // namespace torchhub
