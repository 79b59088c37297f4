#include "torchhub/models/config.h"

#include "class_name.h"
#include "config_fields.h"
#include "model_source.h"
#include "registry_entries.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/python_format.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

std::string joined(std::string_view what_is_wrong, const std::vector<std::string>& problems) {
  if (problems.size() == 1) return fmt::format("{}: {}", what_is_wrong, problems.front());
  std::string text = fmt::format("{}:", what_is_wrong);
  for (const std::string& problem : problems) text += fmt::format("\n  - {}", problem);
  return text;
}

struct ProblemTypeWord {
  ProblemType type;
  std::string_view word;
};
constexpr std::array kProblemTypes = {
    ProblemTypeWord{ProblemType::regression, "regression"},
    ProblemTypeWord{ProblemType::single_label_classification, "single_label_classification"},
    ProblemTypeWord{ProblemType::multi_label_classification, "multi_label_classification"},
};

std::string_view word_of(ProblemType type) {
  return std::find_if(kProblemTypes.begin(), kProblemTypes.end(),
                      [&](const ProblemTypeWord& w) { return w.type == type; })
      ->word;
}

/// State of one load, internal switches and paths of the machine that saved: never kept, because a
/// file must not choose code (models.md 1.3).
constexpr std::array kNeverKept = {"_commit_hash",
                                   "_auto_class",
                                   "_is_quantized",
                                   "_attn_implementation_internal",
                                   "_experts_implementation_internal",
                                   "base_model_tp_plan",
                                   "base_model_pp_plan",
                                   "ignore_keys_at_rope_validation",
                                   "_name_or_path"};

/// Takes `key` out of `object`; null and missing are the same.
std::optional<ordered_json> taken(ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  ordered_json value = *found;
  object.erase(found);
  if (value.is_null()) return std::nullopt;
  return value;
}

void read_problem_type(PretrainedConfig& config, const std::string& word,
                       std::vector<std::string>& problems) {
  const auto* found = std::find_if(kProblemTypes.begin(), kProblemTypes.end(),
                                   [&](const ProblemTypeWord& w) { return w.word == word; });
  if (found == kProblemTypes.end()) {
    problems.push_back(
        fmt::format("`problem_type` must be 'regression', 'single_label_classification' or "
                    "'multi_label_classification', got {}.",
                    word));
    return;
  }
  config.problem_type = found->type;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  try {
    std::size_t used = 0;
    const std::int64_t number = std::stoll(text, &used);
    if (used == text.size()) return number;
  } catch (const std::logic_error&) {  // not a number, or too large: one answer for both
  }
  return std::nullopt;
}

std::optional<std::map<std::int64_t, std::string>> id_to_label(const ordered_json& labels) {
  if (!labels.is_object()) return std::nullopt;
  std::map<std::int64_t, std::string> read;
  for (const auto& item : labels.items()) {
    const std::optional<std::int64_t> id = whole_number(item.key());
    if (!id || !item.value().is_string()) return std::nullopt;
    read[*id] = item.value().get<std::string>();
  }
  return read;
}

std::optional<std::map<std::string, std::int64_t>> label_to_id(const ordered_json& labels) {
  if (!labels.is_object()) return std::nullopt;
  std::map<std::string, std::int64_t> read;
  for (const auto& item : labels.items()) {
    if (!item.value().is_number_integer()) return std::nullopt;
    read[item.key()] = item.value().get<std::int64_t>();
  }
  return read;
}

void read_id2label(PretrainedConfig& config, const ordered_json& labels,
                   std::vector<std::string>& problems) {
  const auto read = id_to_label(labels);
  if (read) {
    config.id2label = *read;
    return;
  }
  problems.push_back(fmt::format(
      "`id2label` must be an object of whole numbers and names such as {{\"0\": \"cat\"}}, got {}.",
      labels.dump()));
}

void read_label2id(PretrainedConfig& config, const ordered_json& labels,
                   std::vector<std::string>& problems) {
  const auto read = label_to_id(labels);
  if (read) {
    config.label2id = *read;
    return;
  }
  problems.push_back(fmt::format(
      "`label2id` must be an object of names and whole numbers such as {{\"cat\": 0}}, got {}.",
      labels.dump()));
}

void read_dtype(PretrainedConfig& config, ordered_json& json, std::vector<std::string>& problems) {
  const std::optional<ordered_json> old_name = taken(json, "torch_dtype");
  const std::optional<ordered_json> name = taken(json, "dtype");
  if (!name && !old_name) return;
  const ordered_json& value = name ? *name : *old_name;
  if (!value.is_string()) {
    problems.push_back(
        fmt::format("`dtype` must be a name such as \"float32\", got {}.", value.dump()));
    return;
  }
  config.dtype = value.get<std::string>();
  if (config.dtype.starts_with("torch.")) config.dtype.erase(0, 6);
}

/// More than any classifier has; each one costs memory for its name.
constexpr std::int64_t kMaxLabels = 1'000'000;

bool is_label_count(std::int64_t count) { return count >= 0 && count <= kMaxLabels; }

std::string wrong_label_count(std::string_view got) {
  return fmt::format("`num_labels` must be a whole number from 0 to {}, got {}.", kMaxLabels, got);
}

void read_num_labels(PretrainedConfig& config, const ordered_json& count,
                     std::vector<std::string>& problems) {
  if (count.is_number_integer() && is_label_count(count.get<std::int64_t>())) {
    config.set_num_labels(count.get<std::int64_t>());
  } else {
    problems.push_back(wrong_label_count(count.dump()));
  }
}

void read_labels(PretrainedConfig& config, ordered_json& json, std::vector<std::string>& problems) {
  const std::optional<ordered_json> count = taken(json, "num_labels");
  if (const auto labels = taken(json, "label2id")) read_label2id(config, *labels, problems);
  if (const auto labels = taken(json, "id2label")) {
    read_id2label(config, *labels, problems);
  } else if (count) {
    read_num_labels(config, *count, problems);
  }
}

/// The fields that every config has; takes what it reads out of `json`.
std::vector<std::string> read_common(PretrainedConfig& config, ordered_json& json) {
  FieldReader reader(json);
  ordered_json problem_type = taken(json, "problem_type").value_or(ordered_json());
  if (json.contains("architectures") && json.at("architectures").is_null()) {
    json.erase("architectures");
  }
  FieldVisitor& visit = reader;
  visit("architectures", config.architectures);
  std::vector<std::string> problems = reader.problems();
  read_labels(config, json, problems);
  read_dtype(config, json, problems);
  if (problem_type.is_string()) {
    read_problem_type(config, problem_type.get<std::string>(), problems);
  } else if (!problem_type.is_null()) {
    problems.push_back(
        fmt::format("`problem_type` must be a string, got {}.", problem_type.dump()));
  }
  return problems;
}

void write_common(const PretrainedConfig& config, const std::string& model_type,
                  ordered_json& json) {
  if (!model_type.empty()) json["model_type"] = model_type;
  if (!config.architectures.empty()) json["architectures"] = config.architectures;
  if (!config.dtype.empty()) json["dtype"] = config.dtype;
  if (config.problem_type) json["problem_type"] = word_of(*config.problem_type);
  if (!config.label2id.empty()) json["label2id"] = config.label2id;
}

std::string type_of(const PretrainedConfig& config) {
  return config.model_type.empty() ? registered_model_type(typeid(config)) : config.model_type;
}

}  // namespace

ConfigError::ConfigError(std::string_view what_is_wrong, std::vector<std::string> problems)
    : Error(joined(what_is_wrong, problems)), problems_(std::move(problems)) {}

void PretrainedConfig::fields(FieldVisitor&) {}

std::vector<std::string> PretrainedConfig::problems() const { return {}; }

std::int64_t PretrainedConfig::num_labels() const {
  return id2label.empty() ? 2 : static_cast<std::int64_t>(id2label.size());
}

void PretrainedConfig::set_num_labels(std::int64_t count) {
  if (!is_label_count(count)) throw ConfigError(wrong_label_count(std::to_string(count)));
  if (count == num_labels()) return;
  id2label.clear();
  label2id.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    id2label[i] = fmt::format("LABEL_{}", i);
    label2id[id2label[i]] = i;
  }
}

void PretrainedConfig::validate(std::string_view where) const {
  std::vector<std::string> found = problems();
  if (found.empty()) return;
  const std::string name = where.empty() ? class_name_of(typeid(*this)) : std::string(where);
  throw ConfigError(fmt::format("{} is not valid", name), std::move(found));
}

ordered_json PretrainedConfig::to_json() const {
  ordered_json json = extra.json();
  FieldWriter writer(json);
  const_cast<PretrainedConfig*>(this)->fields(writer);  // a FieldWriter changes no field
  write_common(*this, type_of(*this), json);
  if (id2label.empty()) return as_python_sorts(json);
  // json.dumps sorts this one by number, since its keys are integers in memory.
  ordered_json by_id = ordered_json::object();
  for (const auto& [id, label] : id2label) by_id[std::to_string(id)] = label;
  json["id2label"] = nullptr;
  ordered_json sorted = as_python_sorts(json);
  sorted["id2label"] = by_id;
  return sorted;
}

std::string PretrainedConfig::to_json_string() const {
  return python_json(to_json(), {.indent = 2, .sort_keys = false, .ascii = true}) + "\n";
}

void PretrainedConfig::read_json(const ordered_json& json, std::string_view where) {
  if (!json.is_object()) {
    throw ConfigError(fmt::format("{} is not valid: it must be a JSON object.", where));
  }
  ordered_json rest = json;
  for (const char* key : kNeverKept) rest.erase(key);
  const std::string own_type = type_of(*this);
  const ordered_json type = taken(rest, "model_type").value_or(own_type);
  if (own_type.empty()) {
    model_type = type.is_string() ? type.get<std::string>() : "";
  } else if (type != own_type) {
    log::warning("config_type_differs",
                 {{"where", where}, {"model_type", type.dump()}, {"read_as", own_type}});
  }
  FieldReader reader(rest);
  fields(reader);
  std::vector<std::string> wrong = reader.problems();
  for (std::string& problem : read_common(*this, rest)) wrong.push_back(std::move(problem));
  if (!wrong.empty()) throw ConfigError(fmt::format("{} is not valid", where), std::move(wrong));
  extra.json().update(rest);
  validate(where);
}

void PretrainedConfig::check_target(const std::filesystem::path& folder) const {
  validate();
  if (!std::filesystem::exists(folder) || std::filesystem::is_directory(folder)) return;
  throw ConfigError(fmt::format(
      "Cannot save into '{}': it is a file, and a model needs a folder. Choose another path.",
      folder.string()));
}

void PretrainedConfig::save_pretrained(const std::filesystem::path& folder) const {
  check_target(folder);
  write_file_atomically(folder / kConfigName, to_json_string());
}

void PretrainedConfig::load_file(const std::filesystem::path& file) {
  read_json(parsed_config(file), fmt::format("'{}'", file.string()));
}

void PretrainedConfig::load(const std::string& name_or_path, const PretrainedOptions& options) {
  ModelSource source(name_or_path, options);
  load_file(source.config_file());
  commit_hash = source.commit_hash();
  this->name_or_path = source.repo_name();
}

}  // namespace torchhub
