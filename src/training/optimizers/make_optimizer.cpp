#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/training/adafactor.h"
#include "torchhub/training/optimizer.h"
#include "training/optimizers/foreach_optimizers.h"
#include "training/optimizers/fused_adamw.h"
#include "training/optimizers/optim_args.h"
#include "training/optimizers/tensor_groups.h"
#include "training/schedules/keywords.h"

#include <fmt/format.h>

#include <cmath>

namespace torchhub {
namespace {

/// LibTorch's settings for a group that decays. Which of them a name needs, is up to `read`.
struct Settings {
  torch::optim::AdamWOptions adamw{0};
  torch::optim::SGDOptions sgd{0};
  torch::optim::AdagradOptions adagrad{0};
  torch::optim::RMSpropOptions rmsprop{0};
};

double at_least_0(Keywords& keywords, std::string_view name, double otherwise) {
  const double value = keywords.number(name, otherwise);
  keywords.require(value >= 0, name, "0 or above");
  return value;
}

void read_adamw(const OptimizerOptions& o, Keywords& args, torch::optim::AdamWOptions& adamw) {
  adamw.betas({o.adam_beta1, o.adam_beta2});
  adamw.eps(at_least_0(args, "eps", o.adam_epsilon));
  adamw.amsgrad(args.flag("amsgrad", false));
  // How PyTorch computes it, which is up to FusedAdamW here.
  for (const char* name : {"foreach", "fused", "capturable", "differentiable"}) {
    args.flag(name, false);
  }
  args.require(!args.flag("maximize", false), "maximize", "false: training makes the loss smaller");
}

void read_sgd(Keywords& args, torch::optim::SGDOptions& sgd) {
  sgd.momentum(at_least_0(args, "momentum", 0));
  sgd.dampening(args.number("dampening", 0));
  sgd.nesterov(args.flag("nesterov", false));
  args.require(!sgd.nesterov() || (sgd.momentum() > 0 && sgd.dampening() == 0), "nesterov",
               "false unless momentum is above 0 and dampening 0");
}

void read_adagrad(Keywords& args, torch::optim::AdagradOptions& adagrad) {
  adagrad.lr_decay(at_least_0(args, "lr_decay", 0));
  adagrad.eps(at_least_0(args, "eps", 1e-10));
}

void read_rmsprop(Keywords& args, torch::optim::RMSpropOptions& rmsprop) {
  rmsprop.momentum(at_least_0(args, "momentum", 0));
  rmsprop.alpha(at_least_0(args, "alpha", 0.99));
  rmsprop.eps(at_least_0(args, "eps", 1e-8));
  rmsprop.centered(args.flag("centered", false));
}

void read_args(const OptimizerOptions& o, Keywords& args, Settings& settings) {
  switch (o.name) {
    case OptimizerName::adamw_torch:
    case OptimizerName::adamw_torch_fused:
      read_adamw(o, args, settings.adamw);
      break;
    case OptimizerName::sgd:
      read_sgd(args, settings.sgd);
      break;
    case OptimizerName::adagrad:
      read_adagrad(args, settings.adagrad);
      break;
    case OptimizerName::rmsprop:
      read_rmsprop(args, settings.rmsprop);
      break;
    case OptimizerName::adafactor:
      return;
  }
  at_least_0(args, "weight_decay", 0);
}

void check_fields(const OptimizerOptions& o, std::vector<std::string>& found) {
  const auto require = [&](bool right, std::string_view field, double value,
                           std::string_view rule) {
    if (!right) found.push_back(fmt::format("{} is {}; it must be {}.", field, value, rule));
  };
  require(o.learning_rate >= 0 && std::isfinite(o.learning_rate), "learning_rate", o.learning_rate,
          "0 or above");
  require(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "weight_decay", o.weight_decay,
          "0 or above");
  require(o.adam_beta1 >= 0 && o.adam_beta1 < 1, "adam_beta1", o.adam_beta1, "in [0, 1)");
  require(o.adam_beta2 >= 0 && o.adam_beta2 < 1, "adam_beta2", o.adam_beta2, "in [0, 1)");
  require(o.adam_epsilon >= 0 && std::isfinite(o.adam_epsilon), "adam_epsilon", o.adam_epsilon,
          "0 or above");
}

std::vector<std::string> read(const OptimizerOptions& o, Settings& settings) {
  std::vector<std::string> found;
  check_fields(o, found);
  const LogRow given = parse_optim_args(o.optim_args, found);
  Keywords args("optim_args of " + to_string(o.name), given);
  read_args(o, args, settings);
  for (std::string& problem : args.take_problems()) found.push_back(std::move(problem));
  return found;
}

/// Python's groups have a weight decay of their own, which wins over that of optim_args.
void warn_of_weight_decay(const OptimizerOptions& o) {
  std::vector<std::string> ignored;
  const auto decay = number_of(parse_optim_args(o.optim_args, ignored), "weight_decay");
  if (!decay || *decay == o.weight_decay) return;
  log::warning("optim_args_weight_decay_has_no_effect",
               {{"optim_args", *decay}, {"used", o.weight_decay}});
}

/// The optimizer over both groups. LibTorch 2.14 takes a setting that happens to be a default for
/// one that was not given, so each group's are put in place afterwards.
template <typename Optimizer, typename Options, typename... More>
std::unique_ptr<torch::optim::Optimizer> make(const ParameterGroups& groups, Options decay,
                                              const OptimizerOptions& o, More... more) {
  decay.lr(o.learning_rate);
  decay.weight_decay(o.weight_decay);
  Options no_decay = decay;
  no_decay.weight_decay(0);
  auto optimizer =
      std::make_unique<Optimizer>(tensor_groups(groups, decay, no_decay), decay, more...);
  optimizer->param_groups()[0].set_options(std::make_unique<Options>(decay));
  optimizer->param_groups()[1].set_options(std::make_unique<Options>(no_decay));
  return optimizer;
}

}  // namespace

std::vector<std::string> problems(const OptimizerOptions& options) {
  Settings settings;
  return read(options, settings);
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const ParameterGroups& groups,
                                                        const OptimizerOptions& o) {
  Settings settings;
  std::vector<std::string> found = read(o, settings);
  if (!found.empty()) throw InvalidArgumentError("The optimizer cannot be made", std::move(found));
  warn_of_weight_decay(o);
  switch (o.name) {
    case OptimizerName::adamw_torch:
      return make<FusedAdamW>(groups, settings.adamw, o, /*announces_fused=*/false);
    case OptimizerName::adamw_torch_fused:
      return make<FusedAdamW>(groups, settings.adamw, o, /*announces_fused=*/true);
    case OptimizerName::sgd:
      return make<ForeachSgd>(groups, settings.sgd, o);
    case OptimizerName::adagrad:
      return make<ForeachAdagrad>(groups, settings.adagrad, o);
    case OptimizerName::rmsprop:
      return make<ForeachRmsprop>(groups, settings.rmsprop, o);
    case OptimizerName::adafactor:
      break;
  }
  return make_adafactor(groups, {.lr = o.learning_rate,
                                 .weight_decay = o.weight_decay,
                                 .scale_parameter = false,
                                 .relative_step = false});
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const torch::nn::Module& model,
                                                        const OptimizerOptions& options) {
  return make_optimizer(decay_groups(model), options);
}

}  // namespace torchhub
