#include "torchhub/card/hyperparameters.h"

#include "torchhub/base/python_format.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

std::string shown(const CardNumber& number) {
  if (const auto* whole = std::get_if<std::int64_t>(&number)) return fmt::to_string(*whole);
  return python_repr(std::get<double>(number));
}

bool is_zero(const CardNumber& number) {
  return std::visit([](auto value) { return value == 0; }, number);
}

std::string optimizer_line(const CardHyperparameters& values) {
  const std::string& name = values.optimizer;
  const std::string args =
      values.optimizer_args.empty() ? "No additional optimizer arguments" : values.optimizer_args;
  if (name.find("adam") == std::string::npos) {
    return fmt::format("Use {} and the args are:\n{}", name, args);
  }
  return fmt::format("Use {} with betas=({},{}) and epsilon={} and optimizer_args={}", name,
                     python_repr(values.adam_beta1), python_repr(values.adam_beta2),
                     python_repr(values.adam_epsilon), args);
}

class Lines {
 public:
  template <typename Number>
  void add(const char* name, Number value) {
    lines_.push_back({name, fmt::to_string(value)});
  }
  void add(const char* name, double value) { lines_.push_back({name, python_repr(value)}); }
  void add(const char* name, const std::string& value) { lines_.push_back({name, value}); }

  std::vector<CardLine> take() { return std::move(lines_); }

 private:
  std::vector<CardLine> lines_;
};

void add_batches(Lines& lines, const CardHyperparameters& values) {
  if (values.num_devices > 1) {
    lines.add("distributed_type", values.distributed_type);
    lines.add("num_devices", values.num_devices);
  }
  if (values.gradient_accumulation_steps > 1) {
    lines.add("gradient_accumulation_steps", values.gradient_accumulation_steps);
  }
  const std::int64_t train =
      values.train_batch_size * values.num_devices * values.gradient_accumulation_steps;
  const std::int64_t eval = values.eval_batch_size * values.num_devices;
  if (train != values.train_batch_size) lines.add("total_train_batch_size", train);
  if (eval != values.eval_batch_size) lines.add("total_eval_batch_size", eval);
}

/// What Python's cards do not say.
void add_rest(Lines& lines, const CardHyperparameters& values) {
  const CardHyperparameters usual;
  if (values.bf16) lines.add("mixed_precision_training", std::string("bf16"));
  if (values.weight_decay != usual.weight_decay) lines.add("weight_decay", values.weight_decay);
  if (values.max_grad_norm != usual.max_grad_norm) {
    lines.add("max_grad_norm", values.max_grad_norm);
  }
  if (!values.lr_scheduler_kwargs.empty()) {
    lines.add("lr_scheduler_kwargs", values.lr_scheduler_kwargs);
  }
  if (values.data_seed) lines.add("data_seed", *values.data_seed);
}

}  // namespace

std::vector<CardLine> hyperparameter_lines(const CardHyperparameters& values) {
  Lines lines;
  lines.add("learning_rate", values.learning_rate);
  lines.add("train_batch_size", values.train_batch_size);
  lines.add("eval_batch_size", values.eval_batch_size);
  lines.add("seed", values.seed);
  add_batches(lines, values);
  if (!values.optimizer.empty()) lines.add("optimizer", optimizer_line(values));
  lines.add("lr_scheduler_type", values.lr_scheduler_type);
  if (!is_zero(values.lr_scheduler_warmup_steps)) {
    lines.add("lr_scheduler_warmup_steps", shown(values.lr_scheduler_warmup_steps));
  }
  if (values.training_steps) {
    lines.add("training_steps", *values.training_steps);
  } else {
    lines.add("num_epochs", shown(values.num_epochs));
  }
  if (values.fp16) lines.add("mixed_precision_training", std::string("Native AMP"));
  if (values.label_smoothing_factor != 0) {
    lines.add("label_smoothing_factor", values.label_smoothing_factor);
  }
  add_rest(lines, values);
  return lines.take();
}

}  // namespace torchhub
