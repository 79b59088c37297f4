#pragma once

#include "torchhub/training/log_row.h"
#include "torchhub/training/metrics.h"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// What a callback gives to be kept in the checkpoint (trainer_state.json `stateful_callbacks`).
struct CallbackState {
  LogRow args = {};        ///< How to make it again.
  LogRow attributes = {};  ///< What it has learned since.
};

/// A number that in Python may be an int or a float, which its JSON tells apart: 0 and 0.0.
class PythonNumber {
 public:
  PythonNumber() = default;               ///< The whole number 0.
  PythonNumber(std::integral auto whole)  // NOLINT(google-explicit-constructor): it is a number
      : value_(static_cast<double>(whole)) {}
  PythonNumber(double value)  // NOLINT(google-explicit-constructor)
      : value_(value), whole_(false) {}
  operator double() const { return value_; }  // NOLINT(google-explicit-constructor)
  PythonNumber& operator+=(double more) { return *this = value_ + more; }
  bool is_whole() const { return whole_; }

 private:
  double value_ = 0;
  bool whole_ = true;
};

/// The facts of a run so far. Written to trainer_state.json in Python's format; the keys are
/// exactly transformers 5.12's, because its loader refuses any other.
struct TrainerState {
  PythonNumber epoch = 0;        ///< Epochs done, fractional. Whole before the first update.
  std::int64_t global_step = 0;  ///< Updates done.
  std::int64_t max_steps = 0;
  std::int64_t num_train_epochs = 0;
  PythonNumber logging_steps = 500;
  PythonNumber eval_steps = 500;
  PythonNumber save_steps = 500;
  std::optional<std::int64_t> train_batch_size = std::nullopt;
  std::int64_t num_input_tokens_seen = 0;
  PythonNumber total_flos = 0;
  std::vector<LogRow> log_history = {};
  std::optional<PythonNumber> best_metric = std::nullopt;
  std::optional<std::int64_t> best_global_step = std::nullopt;
  std::optional<std::string> best_model_checkpoint = std::nullopt;
  bool is_local_process_zero = true;
  bool is_world_process_zero = true;
  bool is_hyper_param_search = false;
  std::optional<std::string> trial_name = std::nullopt;
  std::optional<LogRow> trial_params = std::nullopt;
  std::vector<std::pair<std::string, CallbackState>> stateful_callbacks = {};
};

struct StateTextOptions {
  /// NaN and infinities as null, which every JSON reader takes; else as Python's bare words.
  bool strict_json = false;
};

/// The text of trainer_state.json, byte for byte as Python writes it.
std::string to_json_text(const TrainerState& state, const StateTextOptions& options = {});

/// Takes missing keys (older versions lack some) and ignores unknown ones.
/// @throws InvalidArgumentError for broken JSON or a key of the wrong type
TrainerState trainer_state_from_json_text(const std::string& text);

/// One row as a JSON object, in its order.
nlohmann::ordered_json to_json(const LogRow& row);
/// All rows as a JSON array, as the model card wants them.
nlohmann::ordered_json to_json(const std::vector<LogRow>& rows);

}  // namespace torchhub
