// What Python's Trainer leaves beside the checkpoints: results of each split, and the state.
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"
#include "trainer/metric_row.h"
#include "trainer/speed_metrics.h"
#include "trainer/trainer_impl.h"
#include "training/strict_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// As Python formats them: memory in MB, runtimes as a clock, FLOPs in GF, whole numbers as they
/// are, the rest with 4 decimals.
std::string value_text(const std::string& name, const LogValue& logged) {
  const auto* integer = std::get_if<std::int64_t>(&logged);
  const double value = integer ? static_cast<double>(*integer) : std::get<double>(logged);
  if (name.find("_mem_") != std::string::npos) {
    return fmt::format("{}MB", static_cast<std::int64_t>(value) >> 20);
  }
  if (name.find("_runtime") != std::string::npos) {
    const auto whole = static_cast<std::int64_t>(value);
    const auto hundredths = static_cast<std::int64_t>((value - static_cast<double>(whole)) * 100);
    return fmt::format("{}:{:02}:{:02}.{:02}", whole / 3600, whole / 60 % 60, whole % 60,
                       hundredths);
  }
  if (name == "total_flos") return fmt::format("{}GF", static_cast<std::int64_t>(value) >> 30);
  return integer ? fmt::format("{}", *integer) : python_repr(rounded(value, 4));
}

void write_results(const fs::path& file, ordered_json results, bool strict_json) {
  if (strict_json) make_strict(results);
  write_file_atomically(file, python_json(results, {.indent = 4}));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Trainer::metrics_format(const Metrics& metrics) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, value] : row_of(metrics)) {
    texts.emplace_back(name, value_text(name, value));
  }
  return texts;
}

void Trainer::log_metrics(const std::string& split, const Metrics& metrics) const {
  if (!impl_->processes.is_main()) return;
  auto lines = metrics_format(metrics);
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  for (const auto& [name, value] : lines) {
    name_width = std::max(name_width, name.size());
    value_width = std::max(value_width, value.size());
  }
  std::sort(lines.begin(), lines.end());
  std::string text = fmt::format("***** {} metrics *****\n", split);
  for (const auto& [name, value] : lines) {
    text += fmt::format("  {:<{}} = {:>{}}\n", name, name_width, value, value_width);
  }
  std::fputs(text.c_str(), stdout);
}

void Trainer::save_metrics(const std::string& split, const Metrics& metrics, bool combined) const {
  if (!impl_->processes.is_main()) return;
  const ordered_json results = to_json(row_of(metrics));
  const fs::path& folder = impl_->options.args.output_dir;
  write_results(folder / (split + "_results.json"), results, impl_->options.strict_json);
  if (!combined) return;
  const fs::path file = folder / "all_results.json";
  ordered_json all = fs::exists(file) ? parse_python_json(read_file(file)) : ordered_json::object();
  all.update(results);
  write_results(file, std::move(all), impl_->options.strict_json);
}

void Trainer::save_state() const {
  if (!impl_->processes.writes()) return;
  TrainerState state = impl_->state;
  state.stateful_callbacks =
      impl_->callbacks.states_to_save(impl_->control, state.stateful_callbacks);
  write_file_atomically(impl_->options.args.output_dir / "trainer_state.json",
                        to_json_text(state, {.strict_json = impl_->options.strict_json}));
}

}  // namespace torchhub
