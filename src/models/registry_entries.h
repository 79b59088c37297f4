#pragma once

#include "torchhub/models/config.h"
#include "torchhub/models/registry.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>

namespace torchhub {

class PreTrainedModel;

using ConfigFactory = std::function<std::shared_ptr<PretrainedConfig>()>;
using ModelFactory = std::function<std::shared_ptr<PreTrainedModel>(const PretrainedConfig&)>;

struct ConfigEntry {
  RegisteredClass name = {};
  std::type_index type = typeid(void);
  ConfigFactory make = {};
};

struct ModelEntry {
  RegisteredClass name = {};
  std::type_index config = typeid(void);
  std::type_index type = typeid(void);
  ModelFactory make = {};
};

/// @throws InvalidArgumentError as auto.h says
void add_config(ConfigEntry entry, bool exist_ok);
void add_model(ModelEntry entry, bool exist_ok);

std::optional<ConfigEntry> find_config(std::string_view model_type);
std::optional<ModelEntry> find_model(std::string_view auto_class, std::type_index config);

/// The model_type that this config type is registered under; empty: none.
std::string registered_model_type(std::type_index config);

/// "a, b" of every registered model_type; "none".
std::string known_model_types();
/// "A, B": what `auto_class` can build; "none".
std::string known_models(std::string_view auto_class);

}  // namespace torchhub
