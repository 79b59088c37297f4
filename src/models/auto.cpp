#include "torchhub/models/auto.h"

#include "class_name.h"
#include "model_source.h"
#include "registry_entries.h"
#include "torchhub/weights/dtype.h"
#include "torchhub/weights/load.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

std::string written_name(const std::string& given, const std::type_info& type) {
  if (given.empty()) return class_name_of(type);
  const std::size_t colon = given.rfind("::");
  return colon == std::string::npos ? given : given.substr(colon + 2);
}

ConfigEntry config_entry(const std::string& model_type, const std::string& where) {
  std::optional<ConfigEntry> entry = find_config(model_type);
  if (entry) return *std::move(entry);
  throw ConfigError(
      fmt::format("`model_type` '{}' of {} is not known here. Known: {}. Register its config with "
                  "TORCHHUB_REGISTER_CONFIG(\"{}\", YourConfig).",
                  model_type, where, known_model_types(), model_type));
}

std::shared_ptr<PretrainedConfig> read_config(ModelSource& source) {
  const std::filesystem::path file = source.config_file();
  const std::string where = fmt::format("'{}'", file.string());
  const nlohmann::ordered_json json = parsed_config(file);
  if (!json.is_object() || !json.contains("model_type") || !json.at("model_type").is_string()) {
    throw ConfigError(
        fmt::format("{} has no `model_type`, so its config class is not known. Add one of: {}.",
                    where, known_model_types()));
  }
  const ConfigEntry entry = config_entry(json.at("model_type").get<std::string>(), where);
  std::shared_ptr<PretrainedConfig> config = entry.make();
  config->read_json(json, where);
  config->commit_hash = source.commit_hash();
  config->name_or_path = source.repo_name();
  return config;
}

/// The config's, else that of the first floating tensor in the files.
std::string dtype_of(const PretrainedConfig& config, const WeightFiles& files) {
  if (!config.dtype.empty()) return config.dtype;
  for (const std::string& name : files.names()) {
    const auto type = scalar_type_of(files.info(name).dtype);
    if (type && at::isFloatingType(*type)) return python_dtype_name(*type);
  }
  return "float32";
}

}  // namespace

std::shared_ptr<PretrainedConfig> AutoConfig::from_pretrained(const std::string& name_or_path,
                                                              const PretrainedOptions& options) {
  ModelSource source(name_or_path, options);
  return read_config(source);
}

std::shared_ptr<PretrainedConfig> AutoConfig::for_model(const std::string& model_type) {
  return config_entry(model_type, "AutoConfig::for_model").make();
}

void AutoConfig::add(const std::string& model_type, const std::type_info& type,
                     std::function<std::shared_ptr<PretrainedConfig>()> make,
                     RegisterOptions options) {
  const std::string own = make()->model_type;
  const std::string name = written_name(options.class_name, type);
  if (model_type.empty()) {
    throw InvalidArgumentError(fmt::format("{} needs a `model_type` that is not empty.", name));
  }
  if (!own.empty() && own != model_type) {
    throw InvalidArgumentError(fmt::format(
        "{} says `model_type` is '{}', but it is registered as '{}'. Make the two equal.", name,
        own, model_type));
  }
  add_config({.name = {.auto_class = "AutoConfig",
                       .model_type = model_type,
                       .class_name = name,
                       .source_file = std::move(options.source_file)},
              .type = type,
              .make = std::move(make)},
             options.exist_ok);
}

void AutoModelBase::add(
    std::string_view auto_class, const std::type_info& config, const std::type_info& model,
    std::function<std::shared_ptr<PreTrainedModel>(const PretrainedConfig&)> make,
    RegisterOptions options) {
  add_model({.name = {.auto_class = std::string(auto_class),
                      .model_type = registered_model_type(config),
                      .class_name = written_name(options.class_name, model),
                      .source_file = std::move(options.source_file)},
             .config = config,
             .type = model,
             .make = std::move(make)},
            options.exist_ok);
}

std::shared_ptr<PreTrainedModel> AutoModelBase::build(std::string_view auto_class,
                                                      const PretrainedConfig& config) {
  const std::optional<ModelEntry> entry = find_model(auto_class, typeid(config));
  if (entry) return entry->make(config);
  const std::string name = class_name_of(typeid(config));
  throw ConfigError(fmt::format(
      "{} has no model for {}. It knows: {}. Register yours with TORCHHUB_REGISTER_MODEL({}, {}, "
      "YourModel).",
      auto_class, name, known_models(auto_class), auto_class, name));
}

std::shared_ptr<PreTrainedModel> AutoModelBase::load(std::string_view auto_class,
                                                     const std::string& name_or_path,
                                                     const PretrainedOptions& options) {
  ModelSource source(name_or_path, options);
  std::shared_ptr<PreTrainedModel> model = build(auto_class, *read_config(source));
  const WeightFiles files(source.weight_file());
  model->set_dtype(options.dtype == "auto" ? dtype_of(model->config(), files) : options.dtype);
  model->load_state(files, {.ignore_mismatched_sizes = options.ignore_mismatched_sizes,
                            .allow_random_init = options.allow_random_init,
                            .commit_hash = source.commit_hash()});
  model->eval();
  return model;
}

}  // namespace torchhub
