#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"
#include "training/arguments/argument_values.h"
#include "training/arguments/arguments_old_names.h"
#include "training/arguments/settled_arguments.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kMaskedToken = "<HUB_TOKEN>";

/// For messages: a secret is not repeated.
std::string shown(std::string_view name, const ordered_json& value) {
  return name.ends_with("_token") ? "(hidden)" : value.dump();
}

}  // namespace

ordered_json to_json(const TrainingArguments& arguments) {
  ordered_json json = ordered_json::object();
  for_each_field(arguments, [&](const char* name, const auto& field, std::string_view) {
    json[name] = argument_values::to_json(field);
  });
  json["hub_token"] = kMaskedToken;  // whether there is one or not, as Python does
  // Python keeps whole numbers of steps as integers.
  for (const char* name :
       {"warmup_steps", "logging_steps", "eval_steps", "eval_delay", "save_steps"}) {
    ordered_json& steps = json[name];
    if (!steps.is_number()) continue;
    const auto value = steps.get<double>();
    if (std::abs(value) < 1e15 && value == std::floor(value)) {
      steps = static_cast<std::int64_t>(value);
    }
  }
  return json;
}

ordered_json to_sanitized_json(const TrainingArguments& arguments) {
  ordered_json json = to_json(arguments);
  json["train_batch_size"] = arguments.per_device_train_batch_size;
  json["eval_batch_size"] = arguments.per_device_eval_batch_size;
  for (const auto& item : json.items()) {
    ordered_json& value = item.value();
    if (value.is_null()) value = "None";
    if (value.is_structured()) value = value.dump();
  }
  return json;
}

std::string to_string(const TrainingArguments& arguments) {
  const ordered_json json = to_json(arguments);
  std::vector<std::string> lines;
  for (const auto& item : json.items()) {
    lines.push_back(fmt::format("{}={},\n", item.key(), python_json(item.value(), {.indent = -1})));
  }
  std::sort(lines.begin(), lines.end());
  std::string text = "TrainingArguments(\n";
  for (const std::string& line : lines) text += line;
  return text + ")";
}

TrainingArguments training_arguments_from_json(const ordered_json& given,
                                               const TrainingArguments& defaults) {
  if (!given.is_object()) throw InvalidArgumentError("TrainingArguments must be a JSON object.");
  std::vector<std::string> wrong;
  const ordered_json json = with_current_names(given, defaults.output_dir, wrong);
  TrainingArguments arguments = defaults;
  std::set<std::string> known;
  for_each_field(arguments, [&](const char* name, auto&& field, std::string_view) {
    known.insert(name);
    const auto found = json.find(name);
    if (found == json.end()) return;
    try {
      argument_values::read(*found, field);
    } catch (const argument_values::RefusedValue& error) {
      wrong.emplace_back(error.what());
    } catch (const argument_values::WrongValue& error) {
      wrong.push_back(
          fmt::format("{} is {}; it must be {}.", name, shown(name, *found), error.what()));
    }
  });
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) {
      wrong.push_back(fmt::format("'{}' is not a field of TrainingArguments.", item.key()));
    }
  }
  if (!wrong.empty()) {
    throw InvalidArgumentError("TrainingArguments cannot be read", std::move(wrong));
  }
  // A masked token is the trace of one, not one.
  if (arguments.hub_token == kMaskedToken) arguments.hub_token.reset();
  return settled(std::move(arguments));
}

TrainingArguments training_arguments_from_json_file(const std::filesystem::path& file,
                                                    const TrainingArguments& defaults) {
  try {
    return training_arguments_from_json(parse_python_json(read_file(file)), defaults);
  } catch (InvalidArgumentError& error) {
    error.add_context(fmt::format("reading '{}'", file.string()));
    throw;
  }
}

std::string to_string(IntervalStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(SaveStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(HubStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(SchedulerType type) { return std::string(word_of(type)); }
std::string to_string(OptimizerName name) { return std::string(word_of(name)); }
std::string to_string(SamplingStrategy strategy) { return std::string(word_of(strategy)); }
std::string to_string(InputTokensSeen which) { return std::string(word_of(which)); }

}  // namespace torchhub
