#include "torchhub/callbacks/training_card.h"

#include "torchhub/base/version.h"
#include "torchhub/models/model.h"
#include "torchhub/training/machine_report.h"
#include "torchhub/training/state.h"
#include "torchhub/weights/dtype.h"
#include "training/module_device.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace torchhub {
namespace {

/// Whole numbers show as such: `num_epochs: 3`, not `3.0`.
CardNumber card_number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

CardHyperparameters hyperparameters(const TrainerEvent& event) {
  const TrainingArguments& args = event.args;
  CardHyperparameters values;
  values.learning_rate = args.learning_rate;
  values.num_devices = event.plan.world_size;
  if (device_of(event.model).is_cpu()) values.distributed_type = "multi-CPU";
  // What auto_find_batch_size found, and what split_batches left to one process.
  values.train_batch_size = event.plan.samples_per_batch > 0
                                ? event.plan.samples_per_batch / event.plan.world_size
                                : args.per_device_train_batch_size;
  values.eval_batch_size = args.per_device_eval_batch_size;
  values.seed = args.seed;
  values.gradient_accumulation_steps = args.gradient_accumulation_steps;
  values.optimizer = to_string(args.optim);
  values.optimizer_args = args.optim_args.value_or("");
  values.adam_beta1 = args.adam_beta1;
  values.adam_beta2 = args.adam_beta2;
  values.adam_epsilon = args.adam_epsilon;
  values.lr_scheduler_type = to_string(args.lr_scheduler_type);
  values.lr_scheduler_warmup_steps = card_number(args.warmup_steps);
  if (args.max_steps > 0) values.training_steps = args.max_steps;
  values.num_epochs = card_number(args.num_train_epochs);
  values.fp16 = args.fp16;
  values.bf16 = args.bf16;
  values.label_smoothing_factor = args.label_smoothing_factor;
  if (args.lr_scheduler_kwargs) {
    values.lr_scheduler_kwargs = to_json(*args.lr_scheduler_kwargs).dump();
  }
  values.weight_decay = args.weight_decay;
  values.max_grad_norm = args.max_grad_norm;
  values.data_seed = args.data_seed;
  return values;
}

std::vector<CardLine> versions() {
  std::vector<CardLine> lines{{"torchhub", std::string(kVersion)}};
  for (auto& [name, version] : describe_machine().versions()) lines.emplace_back(name, version);
  return lines;
}

void add_facts_of(const PreTrainedModel& model, TrainingCard& facts) {
  if (facts.tasks.empty()) {
    if (const auto task = task_of_model_class(model.class_name())) facts.tasks = {*task};
  }
  if (!facts.base_model) facts.base_model = base_model_of(model, facts);
  for (const std::string& tag : model.model_tags()) {
    if (std::find(facts.tags.begin(), facts.tags.end(), tag) == facts.tags.end()) {
      facts.tags.push_back(tag);
    }
  }
}

/// The last of the two lines that Python's Keras cards have.
void add_precision_of(const PreTrainedModel& model, TrainingCard& facts) {
  const std::string name = "training_precision";
  auto& lines = facts.hyperparameters;
  const bool is_given = std::any_of(lines.begin(), lines.end(),
                                    [&](const CardLine& line) { return line.name == name; });
  const auto parameters = model.parameters();
  if (is_given || parameters.empty()) return;
  lines.push_back({name, python_dtype_name(parameters.front().scalar_type())});
}

/// Which class loads it, where the caller did not say.
void add_class(TrainingCard& facts) {
  CardUsage& usage = *facts.how_to_use;
  if (usage.task.empty() && !facts.tasks.empty()) usage.task = facts.tasks.front();
  if (facts.library_name == "transformers") usage.in_transformers = true;
}

}  // namespace

std::string training_card(const TrainerEvent& event, TrainingCard facts) {
  if (facts.hyperparameters.empty()) {
    facts.hyperparameters = hyperparameter_lines(hyperparameters(event));
  }
  if (!facts.weights_step && event.state.global_step > 0) {
    facts.weights_step = weights_step_of(event);
  }
  if (facts.framework_versions.empty()) facts.framework_versions = versions();
  if (const auto* model = dynamic_cast<const PreTrainedModel*>(&event.model)) {
    add_facts_of(*model, facts);
  }
  if (facts.how_to_use) add_class(facts);
  return render(facts, to_json(event.state.log_history));
}

std::string history_card(const nlohmann::ordered_json& history, TrainingCard facts,
                         const PreTrainedModel* model) {
  if (facts.framework_versions.empty()) facts.framework_versions = versions();
  if (model != nullptr) {
    add_facts_of(*model, facts);
    add_precision_of(*model, facts);
  }
  if (facts.how_to_use) add_class(facts);
  return render_history(facts, history);
}

std::int64_t weights_step_of(const TrainerEvent& event) {
  return event.weights_step.value_or(event.state.global_step);
}

std::optional<CardProgress> progress_of(const TrainerEvent& event) {
  const TrainerState& state = event.state;
  if (event.control.should_training_stop || state.global_step >= state.max_steps) return {};
  return CardProgress{.step = state.global_step, .of = state.max_steps};
}

std::optional<std::string> base_model_of(const torch::nn::Module& model,
                                         const TrainingCard& facts) {
  if (facts.base_model) {
    return facts.base_model->empty() ? std::nullopt : facts.base_model;
  }
  const auto* ours = dynamic_cast<const PreTrainedModel*>(&model);
  if (ours == nullptr || ours->config().name_or_path.empty()) return std::nullopt;
  return ours->config().name_or_path;
}

TrainingCard with_place(TrainingCard facts, const std::string& name, const std::string& hub_url) {
  if (facts.model_name.empty()) facts.model_name = name;
  if (facts.hub_url == TrainingCard{.model_name = {}}.hub_url) facts.hub_url = hub_url;
  return facts;
}

}  // namespace torchhub
