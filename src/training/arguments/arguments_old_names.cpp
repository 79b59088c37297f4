#include "training/arguments/arguments_old_names.h"

#include "base/folder_name.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kMaskedHubToken = "<PUSH_TO_HUB_TOKEN>";

constexpr std::array<std::pair<const char*, const char*>, 6> kRenamed{
    {{"evaluation_strategy", "eval_strategy"},
     {"per_gpu_train_batch_size", "per_device_train_batch_size"},
     {"per_gpu_eval_batch_size", "per_device_eval_batch_size"},
     {"no_cuda", "use_cpu"},
     {"push_to_hub_token", "hub_token"},
     {"push_to_hub_model_id", "hub_model_id"}}};

/// Flags that became a word of another field.
struct FlagToWord {
  const char* flag;
  const char* field;
  const char* value_json;
};
constexpr std::array<FlagToWord, 4> kFlags{
    {{"group_by_length", "train_sampling_strategy", "\"group_by_length\""},
     {"adafactor", "optim", "\"adafactor\""},
     {"include_inputs_for_metrics", "include_for_metrics", "[\"inputs\"]"},
     {"include_tokens_per_second", "include_num_input_tokens_seen", "\"all\""}}};

/// Values that say nothing of the fields above: a file of version 4 holds each of them, whether it
/// was set or not. Null never says anything.
struct Defaults {
  std::string_view field;
  const char* values_json;
};
constexpr std::array<Defaults, 9> kDefaults{
    {{"eval_strategy", "[\"no\", false]"},
     {"per_device_train_batch_size", "[8]"},
     {"per_device_eval_batch_size", "[8]"},
     {"use_cpu", "[false]"},
     {"hub_token", "[\"<HUB_TOKEN>\"]"},
     {"train_sampling_strategy", "[\"random\"]"},
     {"optim", "[\"adamw_torch\", \"adamw_torch_fused\", \"adamw_hf\"]"},
     {"include_for_metrics", "[[]]"},
     {"include_num_input_tokens_seen", "[\"no\", false]"}}};

bool is_default(std::string_view field, const ordered_json& value) {
  const auto known =
      std::find_if(kDefaults.begin(), kDefaults.end(),
                   [field](const Defaults& defaults) { return defaults.field == field; });
  if (value.is_null() || known == kDefaults.end()) return value.is_null();
  const auto values = ordered_json::parse(known->values_json);
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Names that mean nothing any more, with the value that nobody needs to hear of: version 4's
/// default.
struct Ignored {
  const char* name;
  const char* default_json;
};
constexpr std::array<Ignored, 17> kIgnored{{{"overwrite_output_dir", "false"},
                                            {"use_mps_device", "false"},
                                            {"jit_mode_eval", "false"},
                                            {"use_ipex", "false"},
                                            {"fp16_opt_level", "\"O1\""},
                                            {"fp16_backend", "\"auto\""},
                                            {"half_precision_backend", "\"auto\""},
                                            {"tpu_num_cores", "null"},
                                            {"tpu_metrics_debug", "false"},
                                            {"past_index", "-1"},
                                            {"fsdp_min_num_params", "0"},
                                            {"fsdp_transformer_layer_cls_to_wrap", "null"},
                                            {"use_legacy_prediction_loop", "false"},
                                            {"mp_parameters", "\"\""},
                                            {"torchdynamo", "null"},
                                            {"ray_scope", "\"last\""},
                                            {"save_safetensors", "true"}}};

class OldNames {
 public:
  OldNames(ordered_json json, std::filesystem::path output_dir, std::vector<std::string>& wrong)
      : json_(std::move(json)), output_dir_(std::move(output_dir)), wrong_(wrong) {}

  ordered_json translated() {
    hub_organization();
    for (const auto& [old_name, name] : kRenamed) {
      if (const auto value = taken(old_name)) set(old_name, name, *value);
    }
    for (const FlagToWord& flag : kFlags) {
      const auto value = taken(flag.flag);
      if (value && *value == true) set(flag.flag, flag.field, ordered_json::parse(flag.value_json));
    }
    for (const char* name : {"dispatch_batches", "split_batches"}) {
      const auto value = taken(name);
      if (!value || value->is_null()) continue;
      log::warning("argument_renamed", {{"old", name}, {"new", "accelerator_config"}});
      ordered_json& config = json_["accelerator_config"];
      // From a command line it is the text of a map.
      if (config.is_string())
        config = ordered_json::parse(config.get<std::string>(), nullptr, false);
      if (config.is_null()) config = ordered_json::object();
      if (config.is_object()) config[name] = *value;  // whoever reads it says what it must be
    }
    warmup_ratio();
    for (const Ignored& ignored : kIgnored) {
      const auto value = taken(ignored.name);
      if (!value || *value == ordered_json::parse(ignored.default_json)) continue;
      log::warning("argument_ignored", {{"name", ignored.name}});
    }
    return std::move(json_);
  }

 private:
  std::optional<ordered_json> taken(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) return std::nullopt;
    ordered_json value = std::move(*found);
    json_.erase(found);
    return value;
  }

  void set(const char* old_name, const char* name, const ordered_json& value) {
    if (value.is_null() || value == kMaskedHubToken) return;
    if (const auto found = json_.find(name); found != json_.end()) {
      if (*found == value || is_default(name, value)) return;
      if (!is_default(name, *found)) {
        log::warning("argument_given_twice", {{"old", old_name}, {"used", name}});
        return;
      }
    }
    log::warning("argument_renamed", {{"old", old_name}, {"new", name}});
    json_[name] = value;
  }

  /// A repository of the organization, named as the output folder where it has no other name.
  void hub_organization() {
    const auto organization = taken("push_to_hub_organization");
    if (!organization || !organization->is_string()) return;
    json_["push_to_hub_model_id"] =
        organization->get<std::string>() + "/" + text_or("push_to_hub_model_id", output_name());
  }

  std::string text_or(const char* name, std::string otherwise) const {
    const auto found = json_.find(name);
    return found != json_.end() && found->is_string() ? found->get<std::string>()
                                                      : std::move(otherwise);
  }

  std::string output_name() const {
    return folder_name(text_or("output_dir", output_dir_.string()));
  }

  /// A number of warm-up updates beats the ratio, as it always did.
  void warmup_ratio() {
    const auto ratio = taken("warmup_ratio");
    if (!ratio || ratio->is_null()) return;
    if (!ratio->is_number() || ratio->get<double>() < 0 || ratio->get<double>() > 1) {
      wrong_.push_back(
          fmt::format("warmup_ratio is {}; it must be a number in [0, 1].", ratio->dump()));
      return;
    }
    const auto steps = json_.find("warmup_steps");
    const bool has_steps = steps != json_.end() && steps->is_number() && steps->get<double>() > 0;
    if (has_steps || *ratio == 0) return;
    log::warning("argument_renamed", {{"old", "warmup_ratio"}, {"new", "warmup_steps"}});
    json_["warmup_steps"] = *ratio;
  }

  ordered_json json_;
  std::filesystem::path output_dir_;
  std::vector<std::string>& wrong_;
};

}  // namespace

ordered_json with_current_names(ordered_json json, const std::filesystem::path& output_dir,
                                std::vector<std::string>& wrong) {
  return OldNames(std::move(json), output_dir, wrong).translated();
}

std::optional<std::string> renamed_argument(std::string_view name) {
  if (name == "warmup_ratio") return "warmup_steps";
  if (name == "push_to_hub_organization") return "hub_model_id";
  for (const auto& [old_name, field] : kRenamed) {
    if (name == old_name) return field;
  }
  return std::nullopt;
}

bool is_old_argument_name(std::string_view name) {
  const auto is_it = [name](const char* other) { return name == other; };
  return std::any_of(kRenamed.begin(), kRenamed.end(),
                     [&](const auto& pair) { return is_it(pair.first); }) ||
         std::any_of(kFlags.begin(), kFlags.end(),
                     [&](const FlagToWord& flag) { return is_it(flag.flag); }) ||
         std::any_of(kIgnored.begin(), kIgnored.end(),
                     [&](const Ignored& ignored) { return is_it(ignored.name); }) ||
         is_it("warmup_ratio") || is_it("dispatch_batches") || is_it("split_batches") ||
         is_it("push_to_hub_organization");
}

}  // namespace torchhub
