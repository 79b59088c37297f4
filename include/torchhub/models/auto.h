#pragma once

#include "torchhub/models/config.h"
#include "torchhub/models/model.h"
#include "torchhub/models/registry.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>

namespace torchhub {

/// Finds the config class that belongs to the `model_type` of a config.json.
class AutoConfig {
 public:
  AutoConfig() = delete;

  /// @param name_or_path a folder or JSON file that exists here, else a repo id on the hub
  /// @throws ConfigError if `model_type` is missing or not registered; what the hub throws
  static std::shared_ptr<PretrainedConfig> from_pretrained(const std::string& name_or_path,
                                                           const PretrainedOptions& options = {});
  /// A config of this type with every field at its default. @throws ConfigError
  static std::shared_ptr<PretrainedConfig> for_model(const std::string& model_type);

  /// Registering the same class again is fine.
  /// @throws InvalidArgumentError if a default Config says another `model_type`, or another class
  /// has this one and `exist_ok` is not set
  template <std::derived_from<PretrainedConfig> Config>
  static void register_(const std::string& model_type, RegisterOptions options = {}) {
    add(
        model_type, typeid(Config), [] { return std::make_shared<Config>(); }, std::move(options));
  }

 private:
  static void add(const std::string& model_type, const std::type_info& type,
                  std::function<std::shared_ptr<PretrainedConfig>()> make, RegisterOptions options);
};

/// The name of an Auto class as a template argument.
template <std::size_t size>
struct AutoClassName {
  consteval AutoClassName(const char (&name)[size]) { std::copy_n(name, size, text); }
  char text[size];
};

/// What every AutoModelFor... does, whatever its name.
class AutoModelBase {
 public:
  AutoModelBase() = delete;

 protected:
  static std::shared_ptr<PreTrainedModel> build(std::string_view auto_class,
                                                const PretrainedConfig& config);
  static std::shared_ptr<PreTrainedModel> load(std::string_view auto_class,
                                               const std::string& name_or_path,
                                               const PretrainedOptions& options);
  static void add(std::string_view auto_class, const std::type_info& config,
                  const std::type_info& model,
                  std::function<std::shared_ptr<PreTrainedModel>(const PretrainedConfig&)> make,
                  RegisterOptions options);
};

/// Builds the model class that is registered for a config's type. Safe from several threads.
template <AutoClassName kName>
class AutoModelClass : public AutoModelBase {
 public:
  /// Fresh weights, in training mode.
  /// @throws ConfigError if no model is registered for this config's type
  static std::shared_ptr<PreTrainedModel> from_config(const PretrainedConfig& config) {
    return build(kName.text, config);
  }

  /// Config and weights of one folder, or of one commit of a repo; in eval() mode. What did not fit
  /// is logged and in load_report().
  /// @throws ConfigError, SafetensorsError, WeightMismatchError; what the hub throws
  static std::shared_ptr<PreTrainedModel> from_pretrained(const std::string& name_or_path,
                                                          const PretrainedOptions& options = {}) {
    return load(kName.text, name_or_path, options);
  }

  /// Model must be constructible from `const Config&`. Registering the same pair again is fine.
  /// @throws InvalidArgumentError if another model has this config and `exist_ok` is not set
  template <std::derived_from<PretrainedConfig> Config, std::derived_from<PreTrainedModel> Model>
  static void register_(RegisterOptions options = {}) {
    add(
        kName.text, typeid(Config), typeid(Model),
        [](const PretrainedConfig& config) {
          return std::make_shared<Model>(dynamic_cast<const Config&>(config));
        },
        std::move(options));
  }
};

using AutoModel = AutoModelClass<"AutoModel">;
using AutoModelForAudioClassification = AutoModelClass<"AutoModelForAudioClassification">;
using AutoModelForCausalLM = AutoModelClass<"AutoModelForCausalLM">;
using AutoModelForImageClassification = AutoModelClass<"AutoModelForImageClassification">;
using AutoModelForMaskedLM = AutoModelClass<"AutoModelForMaskedLM">;
using AutoModelForObjectDetection = AutoModelClass<"AutoModelForObjectDetection">;
using AutoModelForQuestionAnswering = AutoModelClass<"AutoModelForQuestionAnswering">;
using AutoModelForSequenceClassification = AutoModelClass<"AutoModelForSequenceClassification">;
using AutoModelForTokenClassification = AutoModelClass<"AutoModelForTokenClassification">;

}  // namespace torchhub

#define TORCHHUB_CONCAT_INNER(a, b) a##b
#define TORCHHUB_CONCAT(a, b) TORCHHUB_CONCAT_INNER(a, b)

/// At namespace scope, next to the class: `TORCHHUB_REGISTER_CONFIG("custom-resnet",
/// ResnetConfig);`
#define TORCHHUB_REGISTER_CONFIG(model_type, Config)                                      \
  [[maybe_unused]] static const bool TORCHHUB_CONCAT(torchhub_registered_, __COUNTER__) = \
      (::torchhub::AutoConfig::register_<Config>(                                         \
           model_type, {.class_name = #Config, .source_file = __FILE__}),                 \
       true)

/// `TORCHHUB_REGISTER_MODEL(AutoModelForImageClassification, ResnetConfig, ResnetModel);`
#define TORCHHUB_REGISTER_MODEL(AutoClass, Config, Model)                                 \
  [[maybe_unused]] static const bool TORCHHUB_CONCAT(torchhub_registered_, __COUNTER__) = \
      (AutoClass::register_<Config, Model>({.class_name = #Model, .source_file = __FILE__}), true)
