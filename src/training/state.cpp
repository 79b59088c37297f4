#include "torchhub/training/state.h"

#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"
#include "training/strict_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

struct JsonOf {
  ordered_json operator()(const JsonText& nested) const { return parse_python_json(nested.text); }
  template <typename T>
  ordered_json operator()(const T& value) const {
    return value;
  }
};

ordered_json json_of(const LogValue& value) { return std::visit(JsonOf(), value); }

ordered_json json_of(const PythonNumber& number) {
  if (number.is_whole()) return static_cast<std::int64_t>(static_cast<double>(number));
  return static_cast<double>(number);
}

bool is_beyond_int64(const ordered_json& value) {
  return value.is_number_unsigned() &&
         value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
}

LogValue log_value(const ordered_json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer() && !is_beyond_int64(value)) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return nullptr;
  return JsonText{python_json(value, {.indent = -1, .sort_keys = false})};
}

LogRow log_row(const ordered_json& object) {
  LogRow row;
  for (const auto& item : object.items()) row.emplace_back(item.key(), log_value(item.value()));
  return row;
}

ordered_json or_null(const std::optional<PythonNumber>& number) {
  return number ? json_of(*number) : ordered_json(nullptr);
}
ordered_json or_null(const std::optional<LogRow>& row) {
  return row ? to_json(*row) : ordered_json(nullptr);
}
template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json callbacks_json(const TrainerState& state) {
  ordered_json all = ordered_json::object();
  for (const auto& [name, callback] : state.stateful_callbacks) {
    ordered_json entry{{"args", to_json(callback.args)},
                       {"attributes", to_json(callback.attributes)}};
    if (!all.contains(name)) {
      all[name] = std::move(entry);
    } else {  // Python makes a list of several of one class
      if (!all[name].is_array()) all[name] = ordered_json::array({all[name]});
      all[name].push_back(std::move(entry));
    }
  }
  return all;
}

CallbackState callback_state(const ordered_json& entry) {
  CallbackState state;
  if (entry.contains("args")) state.args = log_row(entry.at("args"));
  if (entry.contains("attributes")) state.attributes = log_row(entry.at("attributes"));
  return state;
}

/// Reads keys of one object; what is missing or null keeps its value.
class FieldReader {
 public:
  explicit FieldReader(const ordered_json& object) : object_(object) {}

  template <typename T>
  void read(const char* key, T& field) const {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return;
    try {
      // Conversions of what does not fit are undefined.
      constexpr double kMost = 9e18;
      if (std::integral<T> && found->is_number_float() &&
          !(std::abs(found->template get<double>()) < kMost)) {
        throw_wrong(key, *found);
      }
      field = found->get<T>();
    } catch (const nlohmann::json::exception&) {
      throw_wrong(key, *found);
    }
  }

  void read(const char* key, PythonNumber& field) const {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return;
    found->is_number_integer() ? read_as<std::int64_t>(key, field) : read_as<double>(key, field);
  }

  template <typename T>
  void read(const char* key, std::optional<T>& field) const {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return;
    read(key, field.emplace());
  }

 private:
  template <typename T>
  void read_as(const char* key, PythonNumber& field) const {
    T value = 0;
    read(key, value);
    field = value;
  }

  [[noreturn]] static void throw_wrong(const char* key, const ordered_json& value) {
    throw InvalidArgumentError(
        fmt::format("'{}' is {}, which is of the wrong type.", key, value.dump().substr(0, 80)));
  }

  const ordered_json& object_;
};

void read_lists(const ordered_json& json, TrainerState& s) {
  if (const auto rows = json.find("log_history"); rows != json.end() && rows->is_array()) {
    for (const ordered_json& row : *rows) s.log_history.push_back(log_row(row));
  }
  if (const auto trial = json.find("trial_params"); trial != json.end() && trial->is_object()) {
    s.trial_params = log_row(*trial);
  }
  const auto all = json.find("stateful_callbacks");
  if (all == json.end() || !all->is_object()) return;
  for (const auto& item : all->items()) {
    if (!item.value().is_array()) {
      s.stateful_callbacks.emplace_back(item.key(), callback_state(item.value()));
      continue;
    }
    for (const ordered_json& entry : item.value()) {
      s.stateful_callbacks.emplace_back(item.key(), callback_state(entry));
    }
  }
}

}  // namespace

std::optional<double> number_of(const LogRow& row, std::string_view key) {
  for (const auto& [name, value] : row) {
    if (name != key) continue;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  }
  return std::nullopt;
}

ordered_json to_json(const LogRow& row) {
  ordered_json object = ordered_json::object();
  for (const auto& [key, value] : row) object[key] = json_of(value);
  return object;
}

ordered_json to_json(const std::vector<LogRow>& rows) {
  ordered_json array = ordered_json::array();
  for (const LogRow& row : rows) array.push_back(to_json(row));
  return array;
}

std::string to_json_text(const TrainerState& s, const StateTextOptions& options) {
  ordered_json json{
      {"best_global_step", or_null(s.best_global_step)},
      {"best_metric", or_null(s.best_metric)},
      {"best_model_checkpoint", or_null(s.best_model_checkpoint)},
      {"epoch", json_of(s.epoch)},
      {"eval_steps", json_of(s.eval_steps)},
      {"global_step", s.global_step},
      {"is_hyper_param_search", s.is_hyper_param_search},
      {"is_local_process_zero", s.is_local_process_zero},
      {"is_world_process_zero", s.is_world_process_zero},
      {"log_history", to_json(s.log_history)},
      {"logging_steps", json_of(s.logging_steps)},
      {"max_steps", s.max_steps},
      {"num_input_tokens_seen", s.num_input_tokens_seen},
      {"num_train_epochs", s.num_train_epochs},
      {"save_steps", json_of(s.save_steps)},
      {"stateful_callbacks", callbacks_json(s)},
      {"total_flos", json_of(s.total_flos)},
      {"train_batch_size", or_null(s.train_batch_size)},
      {"trial_name", or_null(s.trial_name)},
      {"trial_params", or_null(s.trial_params)},
  };
  if (options.strict_json) make_strict(json);
  return python_json(json) + "\n";
}

TrainerState trainer_state_from_json_text(const std::string& text) {
  const ordered_json json = parse_python_json(text);
  if (!json.is_object()) throw InvalidArgumentError("It is not a JSON object.");
  TrainerState s;
  const FieldReader reader(json);
  reader.read("epoch", s.epoch);
  reader.read("global_step", s.global_step);
  reader.read("max_steps", s.max_steps);
  reader.read("num_train_epochs", s.num_train_epochs);
  reader.read("logging_steps", s.logging_steps);
  reader.read("eval_steps", s.eval_steps);
  reader.read("save_steps", s.save_steps);
  reader.read("train_batch_size", s.train_batch_size);
  reader.read("num_input_tokens_seen", s.num_input_tokens_seen);
  reader.read("total_flos", s.total_flos);
  reader.read("best_metric", s.best_metric);
  reader.read("best_global_step", s.best_global_step);
  reader.read("best_model_checkpoint", s.best_model_checkpoint);
  reader.read("is_local_process_zero", s.is_local_process_zero);
  reader.read("is_world_process_zero", s.is_world_process_zero);
  reader.read("is_hyper_param_search", s.is_hyper_param_search);
  reader.read("trial_name", s.trial_name);
  read_lists(json, s);
  return s;
}

}  // namespace torchhub
