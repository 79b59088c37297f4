#include "torchhub/models/registry.h"

#include "registry_entries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

namespace torchhub {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<ConfigEntry> configs;       // guarded by mutex
  std::vector<ModelEntry> models;         // guarded by mutex
  std::vector<RegisteredClass> in_order;  // guarded by mutex
};

/// Filled by static initialisers of any file, so it is made at its first use.
Registry& registry() {
  static Registry instance;
  return instance;
}

std::string or_none(const std::string& list) { return list.empty() ? "none" : list; }

}  // namespace

void add_config(ConfigEntry entry, bool exist_ok) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = std::find_if(
      all.configs.begin(), all.configs.end(),
      [&](const ConfigEntry& e) { return e.name.model_type == entry.name.model_type; });
  if (found == all.configs.end()) {
    all.in_order.push_back(entry.name);
    all.configs.push_back(std::move(entry));
    return;
  }
  if (found->type == entry.type) return;  // a header in two files registers twice
  if (!exist_ok) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is already used by the config {}. Pick another name for {}, or register it with "
        "exist_ok.",
        entry.name.model_type, found->name.class_name, entry.name.class_name));
  }
  all.in_order.push_back(entry.name);
  *found = std::move(entry);
}

void add_model(ModelEntry entry, bool exist_ok) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = std::find_if(all.models.begin(), all.models.end(), [&](const ModelEntry& e) {
    return e.config == entry.config && e.name.auto_class == entry.name.auto_class;
  });
  if (found == all.models.end()) {
    all.in_order.push_back(entry.name);
    all.models.push_back(std::move(entry));
    return;
  }
  if (found->type == entry.type) return;
  if (!exist_ok) {
    throw InvalidArgumentError(
        fmt::format("{} already builds {} for this config; {} needs exist_ok to take its place.",
                    entry.name.auto_class, found->name.class_name, entry.name.class_name));
  }
  all.in_order.push_back(entry.name);
  *found = std::move(entry);
}

std::optional<ConfigEntry> find_config(std::string_view model_type) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const ConfigEntry& entry : all.configs) {
    if (entry.name.model_type == model_type) return entry;
  }
  return std::nullopt;
}

std::optional<ModelEntry> find_model(std::string_view auto_class, std::type_index config) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const ModelEntry& entry : all.models) {
    if (entry.config == config && entry.name.auto_class == auto_class) return entry;
  }
  return std::nullopt;
}

std::string registered_model_type(std::type_index config) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const ConfigEntry& entry : all.configs) {
    if (entry.type == config) return entry.name.model_type;
  }
  return "";
}

std::string known_model_types() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<std::string> types;
  for (const ConfigEntry& entry : all.configs) types.push_back(entry.name.model_type);
  std::sort(types.begin(), types.end());
  return or_none(fmt::format("{}", fmt::join(types, ", ")));
}

std::string known_models(std::string_view auto_class) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<std::string> names;
  for (const ModelEntry& entry : all.models) {
    if (entry.name.auto_class == auto_class) names.push_back(entry.name.class_name);
  }
  return or_none(fmt::format("{}", fmt::join(names, ", ")));
}

std::vector<RegisteredClass> registered_classes() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return all.in_order;
}

}  // namespace torchhub
