#pragma once

#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/data/loader.h"
#include "torchhub/models/model.h"
#include "torchhub/trainer.h"
#include "torchhub/training/callback_list.h"
#include "torchhub/training/plan.h"

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <vector>

namespace torchhub {

struct Trainer::Impl {
  explicit Impl(TrainerOptions given);

  TrainerEvent event() { return {options.args, plan, state, control, *options.model}; }
  torch::Device device() const;
  DataLoader train_loader() const;
  DataLoader eval_loader(std::shared_ptr<const Dataset> dataset) const;
  HubOptions hub_options() const;

  /// Appends to the history, then tells the callbacks.
  void log(LogRow logs);
  Metrics evaluate(std::shared_ptr<const Dataset> dataset, const std::string& prefix);
  double seconds_since(std::chrono::steady_clock::time_point start) const;

  TrainerOptions options;
  TrainingPlan plan;
  TrainerState state;
  TrainerControl control;
  CallbackList callbacks;
  std::shared_ptr<PushToHubCallback> pusher;  ///< Only with push_to_hub.
};

/// Every tensor of a batch on `device`.
Batch on_device(Batch batch, torch::Device device);

}  // namespace torchhub
