#include "torchhub/base/error.h"
#include "torchhub/base/python_format.h"
#include "training/arguments/argument_values.h"
#include "training/arguments/arguments_old_names.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

enum class FieldKind { flag, switchable_word, number, word, list, map };

template <typename T>
constexpr FieldKind kind_of(const T&) {
  if constexpr (std::same_as<T, bool> || std::same_as<T, PythonOnly>) {
    return FieldKind::flag;
  } else if constexpr (std::same_as<T, InputTokensSeen>) {
    return FieldKind::switchable_word;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return FieldKind::number;
  } else if constexpr (std::same_as<T, std::vector<std::string>>) {
    return FieldKind::list;
  } else if constexpr (std::same_as<T, LogRow> || std::same_as<T, AcceleratorConfig>) {
    return FieldKind::map;
  } else {
    return FieldKind::word;
  }
}
template <typename T>
constexpr FieldKind kind_of(const std::optional<T>&) {
  return kind_of(T{});
}

const std::map<std::string, FieldKind>& field_kinds() {
  static const std::map<std::string, FieldKind> kinds = [] {
    std::map<std::string, FieldKind> all;
    const TrainingArguments arguments;
    for_each_field(arguments, [&](const char* name, const auto& field, std::string_view) {
      all.emplace(name, kind_of(field));
    });
    return all;
  }();
  return kinds;
}

std::optional<bool> flag_of(const std::string& word) {
  for (const char* yes : {"true", "True", "yes", "y", "t", "1"}) {
    if (word == yes) return true;
  }
  for (const char* no : {"false", "False", "no", "n", "f", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

/// Text that is no number stays text; the reader of the field then says what it must be.
ordered_json number_or_text(const std::string& word) {
  if (word == "none" || word == "None" || word == "null") return nullptr;
  const ordered_json number = argument_values::number_of_text(word);
  return number.is_null() ? ordered_json(word) : number;
}

/// Goes over the words once and makes a JSON object of those that are arguments.
class CommandLineReader {
 public:
  explicit CommandLineReader(std::span<const std::string> words)
      : words_(words.begin(), words.end()) {}

  void read() {
    while (!words_.empty()) {
      const std::string word = take();
      if (word == "--") {
        rest.insert(rest.end(), words_.begin(), words_.end());
        return;
      }
      if (!word.starts_with("--") || !option(word)) rest.push_back(word);
    }
  }

  ordered_json json = ordered_json::object();
  std::vector<std::string> rest;
  std::vector<std::string> wrong;

 private:
  std::string take() {
    std::string word = std::move(words_.front());
    words_.pop_front();
    return word;
  }
  bool value_follows() const { return !words_.empty() && !words_.front().starts_with("--"); }

  bool option(const std::string& word) {
    const std::size_t equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::replace(name.begin(), name.end(), '-', '_');
    if (equals != std::string::npos) words_.push_front(word.substr(equals + 1));
    const bool given = equals != std::string::npos;

    const auto& kinds = field_kinds();
    if (is_old_argument_name(name)) {
      value(name, kind_of_old_name(name), given);
    } else if (const auto field = kinds.find(name); field != kinds.end()) {
      value(name, field->second, given);
    } else if (name.starts_with("no_") && is_flag(name.substr(3))) {
      json[name.substr(3)] = false;
    } else {
      if (given) words_.pop_front();
      return false;
    }
    return true;
  }

  /// That of its name of today; what has none may be anything.
  FieldKind kind_of_old_name(const std::string& name) const {
    if (const auto field = renamed_argument(name)) return field_kinds().at(*field);
    return value_follows() && !flag_of(words_.front()) ? FieldKind::number : FieldKind::flag;
  }

  static bool is_flag(const std::string& name) {
    const auto found = field_kinds().find(name);
    return found != field_kinds().end() && found->second == FieldKind::flag;
  }

  void value(const std::string& name, FieldKind kind, bool given) {
    if (kind == FieldKind::flag) {
      json[name] = true;
      if (!given && !value_follows()) return;
      if (const auto flag = flag_of(words_.front())) {
        json[name] = *flag;
        words_.pop_front();
      } else if (given) {
        json[name] = take();  // whoever reads it says what it must be
      }
      return;
    }
    if (kind == FieldKind::switchable_word && !given && !value_follows()) {
      json[name] = true;
      return;
    }
    if (kind == FieldKind::list) {
      ordered_json list = ordered_json::array();
      for (bool first = given; first || value_follows(); first = false) list.push_back(take());
      json[name] = std::move(list);
      return;
    }
    if (words_.empty() || (!given && !value_follows())) {
      wrong.push_back(fmt::format("--{} needs a value.", name));
    } else {
      json[name] = kind == FieldKind::number ? number_or_text(take()) : ordered_json(take());
    }
  }

  std::deque<std::string> words_;
};

std::string default_text(const ordered_json& value) {
  if (value.is_null()) return "unset";
  return value.is_string() ? value.get<std::string>() : python_json(value, {.indent = -1});
}

template <typename T>
std::string placeholder(const T& field) {
  if constexpr (std::is_enum_v<T>) {
    std::string words;
    for (const auto& [candidate, word] : EnumWords<T>::kWords) {
      words += fmt::format("{}{}", words.empty() ? "" : "|", word);
    }
    return " " + words;
  }
  switch (kind_of(field)) {
    case FieldKind::flag:
      return " [true|false]";
    case FieldKind::number:
      return " NUMBER";
    case FieldKind::list:
      return " WORD...";
    case FieldKind::map:
      return " JSON";
    case FieldKind::word:
    case FieldKind::switchable_word:
      break;
  }
  return " TEXT";
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string> words,
                               const TrainingArguments& defaults) {
  TrainingArguments start = defaults;
  if (!words.empty() && words.front().ends_with(".json") && !words.front().starts_with("-")) {
    start = training_arguments_from_json_file(words.front(), defaults);
    words = words.subspan(1);
  }
  CommandLineReader reader(words);
  reader.read();
  try {
    start = training_arguments_from_json(reader.json, start);
  } catch (const InvalidArgumentError& error) {
    const auto& more = error.problems();
    reader.wrong.insert(reader.wrong.end(), more.begin(), more.end());
  }
  if (!reader.wrong.empty()) {
    throw InvalidArgumentError("The command line cannot be read", std::move(reader.wrong));
  }
  return {.args = std::move(start), .rest = std::move(reader.rest)};
}

std::string command_line_help(std::string_view program, const TrainingArguments& defaults) {
  std::string text =
      fmt::format("usage: {} [FILE.json] [--option value ...]\n\noptions:\n", program);
  text += "  -h, --help\n      Show this and end\n";
  for_each_field(defaults, [&](const char* name, const auto& field, std::string_view meaning) {
    if constexpr (!std::same_as<std::remove_cvref_t<decltype(field)>, PythonOnly>) {
      const ordered_json value =
          std::string_view(name) == "hub_token" ? nullptr : argument_values::to_json(field);
      text += fmt::format("  --{}{}\n      {} (default: {})\n", name, placeholder(field), meaning,
                          default_text(value));
    }
  });
  return text;
}

TrainingArguments parse_arguments(int argc, const char* const* argv,
                                  const TrainingArguments& defaults) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const std::string program = argc > 0 ? argv[0] : "program";
  for (const std::string& word : words) {
    if (word != "--help" && word != "-h") continue;
    std::fputs(command_line_help(program, defaults).c_str(), stdout);
    std::exit(0);
  }
  std::string mistake;
  try {
    CommandLine line = parse_command_line(words, defaults);
    if (line.rest.empty()) return std::move(line.args);
    for (const std::string& word : line.rest) mistake += fmt::format("unknown: '{}'\n", word);
  } catch (const Error& error) {
    mistake = fmt::format("{}\n", error.what());
  }
  std::fputs(fmt::format("{}: {}See {} --help.\n", program, mistake, program).c_str(), stderr);
  std::exit(2);
}

}  // namespace torchhub
