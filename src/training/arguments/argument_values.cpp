#include "training/arguments/argument_values.h"

#include "torchhub/training/optimizer.h"
#include "torchhub/training/state.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

namespace torchhub::argument_values {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// A map may come as text that holds JSON, as from a command line.
ordered_json object_of(const ordered_json& value) {
  const ordered_json object =
      value.is_string() ? ordered_json::parse(value.get<std::string>(), nullptr, false) : value;
  if (!object.is_object()) throw WrongValue("a map, as in {\"name\": 1}");
  return object;
}

/// Python's rule for words in such maps: true and false in any case, and numbers, mean themselves.
LogValue value_of_word(const std::string& word) {
  if (lower(word) == "true") return true;
  if (lower(word) == "false") return false;
  const ordered_json number = number_of_text(word);
  if (number.is_number_integer()) return number.get<std::int64_t>();
  if (number.is_number()) return number.get<double>();
  return word;
}

/// In a map text may stand for a flag.
ordered_json flag_of_text(const ordered_json& value) {
  if (!value.is_string()) return value;
  const std::string word = lower(value.get<std::string>());
  return word == "true" || word == "false" ? ordered_json(word == "true") : value;
}

/// `false`, `null`, 0 and what is empty all mean "not wanted", alone or in a map: version 4 always
/// writes {"min_num_params": 0, "xla": false, ...} for fsdp_config.
bool is_off(const ordered_json& value) {
  if (value.is_structured()) return std::all_of(value.begin(), value.end(), is_off);
  return value.is_null() || value == false || value == "" || value == 0;
}

LogValue keyword_value(const ordered_json& value) {
  if (value.is_null()) return nullptr;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value_of_word(value.get<std::string>());
  throw WrongValue("a map of numbers, words and flags, without lists or maps in it");
}

}  // namespace

ordered_json number_of_text(const std::string& text) {
  const std::string word = text.starts_with('+') ? text.substr(1) : text;
  if (word.empty() || word.find_first_not_of("0123456789.eE+-") != std::string::npos) return {};
  const ordered_json parsed = ordered_json::parse(word, nullptr, false);
  if (parsed.is_number()) return parsed;
  double number = 0;
  const char* const end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, number);
  return result.ec == std::errc() && result.ptr == end ? ordered_json(number) : ordered_json();
}

void read(const ordered_json& value, LogRow& keywords) {
  keywords.clear();
  const ordered_json object = object_of(value);
  for (const auto& item : object.items()) {
    keywords.emplace_back(item.key(), keyword_value(item.value()));
  }
}

ordered_json to_json(const AcceleratorConfig& c) {
  return {{"split_batches", c.split_batches}, {"dispatch_batches", to_json(c.dispatch_batches)},
          {"even_batches", c.even_batches},   {"use_seedable_sampler", c.use_seedable_sampler},
          {"non_blocking", c.non_blocking},   {"gradient_accumulation_kwargs", nullptr}};
}

void read(const ordered_json& value, AcceleratorConfig& c) {
  if (value.is_null()) {
    c = {};
    return;
  }
  const ordered_json object = object_of(value);
  for (const auto& [key, given] : object.items()) {
    const ordered_json item = flag_of_text(given);
    if (key == "split_batches") {
      read(item, c.split_batches);
    } else if (key == "dispatch_batches") {
      read(item, c.dispatch_batches);
    } else if (key == "even_batches") {
      read(item, c.even_batches);
    } else if (key == "use_seedable_sampler") {
      read(item, c.use_seedable_sampler);
    } else if (key == "non_blocking") {
      read(item, c.non_blocking);
    } else if (!(key == "gradient_accumulation_kwargs" && item.is_null()) &&
               !(key == "use_configured_state" && (item.is_null() || item == false))) {
      throw WrongValue(
          fmt::format("a map of split_batches, dispatch_batches, even_batches, "
                      "use_seedable_sampler and non_blocking; '{}' is not offered",
                      key));
    }
  }
}

void read(const ordered_json& value, std::filesystem::path& path) {
  std::string text;
  read(value, text);
  path = text;
}

void read(const ordered_json& value, std::vector<std::string>& words) {
  words.clear();
  if (value.is_null() || value == "none") return;
  if (value.is_string()) {
    words.push_back(value.get<std::string>());
    return;
  }
  if (!value.is_array()) throw WrongValue("a word or a list of words");
  for (const ordered_json& item : value) {
    if (!item.is_string()) throw WrongValue("a list of words");
    if (item != "none") words.push_back(item.get<std::string>());
  }
}

void read(const ordered_json& value, std::string& text) {
  if (!value.is_string()) throw WrongValue("text");
  text = value.get<std::string>();
}

void read(const ordered_json& value, bool& flag) {
  if (!value.is_boolean()) throw WrongValue("true or false");
  flag = value.get<bool>();
}

void read(const ordered_json& value, double& number) {
  if (!value.is_number()) throw WrongValue("a number");
  number = value.get<double>();
}

void read(const ordered_json& value, OptimizerName& name) {
  if (value.is_string()) {
    const auto reason = refused_optimizer(value.get<std::string>());
    if (reason) throw RefusedValue(*reason);
  }
  read<OptimizerName>(value, name);
}

void read(const ordered_json& given, InputTokensSeen& which) {
  const ordered_json value = flag_of_text(given);
  if (value.is_boolean()) {
    which = value.get<bool>() ? InputTokensSeen::all : InputTokensSeen::no;
  } else {
    read<InputTokensSeen>(value, which);
  }
}

void read(const ordered_json& value, const PythonOnly& field) {
  if (value == to_json(field) || is_off(value)) return;
  throw WrongValue(fmt::format("left out, because {}", field.why));
}

}  // namespace torchhub::argument_values
