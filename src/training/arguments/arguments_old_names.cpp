#include "training/arguments/arguments_old_names.h"

#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace torchhub {
namespace {

using nlohmann::ordered_json;

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

constexpr std::array<const char*, 17> kIgnored{"overwrite_output_dir",
                                               "use_mps_device",
                                               "jit_mode_eval",
                                               "use_ipex",
                                               "fp16_opt_level",
                                               "fp16_backend",
                                               "half_precision_backend",
                                               "tpu_num_cores",
                                               "tpu_metrics_debug",
                                               "past_index",
                                               "fsdp_min_num_params",
                                               "fsdp_transformer_layer_cls_to_wrap",
                                               "use_legacy_prediction_loop",
                                               "mp_parameters",
                                               "torchdynamo",
                                               "ray_scope",
                                               "save_safetensors"};

class OldNames {
 public:
  OldNames(ordered_json json, std::vector<std::string>& wrong)
      : json_(std::move(json)), wrong_(wrong) {}

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
      if (!json_["accelerator_config"].is_object()) {
        json_["accelerator_config"] = ordered_json::object();
      }
      log::warning("argument_renamed", {{"old", name}, {"new", "accelerator_config"}});
      json_["accelerator_config"][name] = *value;
    }
    warmup_ratio();
    for (const char* name : kIgnored) {
      if (taken(name)) log::warning("argument_ignored", {{"name", name}});
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
    if (value.is_null()) return;
    if (json_.contains(name)) {
      log::warning("argument_given_twice", {{"old", old_name}, {"used", name}});
      return;
    }
    log::warning("argument_renamed", {{"old", old_name}, {"new", name}});
    json_[name] = value;
  }

  void hub_organization() {
    const auto organization = taken("push_to_hub_organization");
    if (!organization || !organization->is_string()) return;
    const auto model = json_.find("push_to_hub_model_id");
    if (model != json_.end() && model->is_string()) {
      *model = organization->get<std::string>() + "/" + model->get<std::string>();
    } else {
      wrong_.emplace_back(
          "push_to_hub_organization needs push_to_hub_model_id; better: hub_model_id owner/name.");
    }
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
    if (has_steps) return;
    log::warning("argument_renamed", {{"old", "warmup_ratio"}, {"new", "warmup_steps"}});
    json_["warmup_steps"] = *ratio;
  }

  ordered_json json_;
  std::vector<std::string>& wrong_;
};

}  // namespace

ordered_json with_current_names(ordered_json json, std::vector<std::string>& wrong) {
  return OldNames(std::move(json), wrong).translated();
}

bool is_old_argument_name(std::string_view name) {
  const auto is_it = [name](const char* other) { return name == other; };
  return std::any_of(kRenamed.begin(), kRenamed.end(),
                     [&](const auto& pair) { return is_it(pair.first); }) ||
         std::any_of(kFlags.begin(), kFlags.end(),
                     [&](const FlagToWord& flag) { return is_it(flag.flag); }) ||
         std::any_of(kIgnored.begin(), kIgnored.end(), is_it) || is_it("warmup_ratio") ||
         is_it("dispatch_batches") || is_it("split_batches") || is_it("push_to_hub_organization");
}

}  // namespace torchhub
