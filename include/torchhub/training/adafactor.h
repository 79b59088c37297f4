#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/optimizer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// Of transformers' Adafactor (arXiv 1804.04235), with its names and defaults. The Trainer's
/// `optim: adafactor` sets scale_parameter and relative_step to false.
struct AdafactorOptions {
  std::optional<double> lr = std::nullopt;     ///< Must be unset with relative_step, set without.
  double eps1 = 1e-30;                         ///< Added to squared gradients.
  double eps2 = 1e-3;                          ///< Least size of a weight for scale_parameter.
  double clip_threshold = 1;                   ///< Greatest root mean square of an update. > 0.
  double decay_rate = -0.8;                    ///< Exponent of the moving average's decay.
  std::optional<double> beta1 = std::nullopt;  ///< Unset: no momentum. In [0, 1).
  double weight_decay = 0;                     ///< Of the group `decay`. >= 0.
  bool scale_parameter = true;                 ///< Rates relative to the size of the weights.
  bool relative_step = true;                   ///< Rates from the number of updates.
  bool warmup_init = false;                    ///< Relative rates start small.
};

/// Everything that is wrong with them. Empty: all is well.
std::vector<std::string> problems(const AdafactorOptions& options);

/// With relative_step, set_learning_rate() has no effect on it.
/// @throws InvalidArgumentError listing problems(options), or if `groups` has no parameter
std::unique_ptr<torch::optim::Optimizer> make_adafactor(const ParameterGroups& groups,
                                                        const AdafactorOptions& options);

}  // namespace torchhub
