#pragma once

#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/callbacks/training_plot.h"
#include "torchhub/data/loader.h"
#include "torchhub/distributed/gradient_exchange.h"
#include "torchhub/models/model.h"
#include "torchhub/trainer.h"
#include "torchhub/training/callback_list.h"
#include "torchhub/training/grad_scaler.h"
#include "torchhub/training/optimizer.h"
#include "torchhub/training/plan.h"
#include "torchhub/training/schedule.h"
#include "trainer/memory_tracker.h"
#include "trainer/processes.h"

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

struct Trainer::Impl {
  Impl(Trainer& trainer, TrainerOptions given, const ProcessEnvironment& environment);

  void add_callbacks(const ProcessesHere& here);
  /// @param token unset: that of the options
  std::shared_ptr<PushToHubCallback> make_pusher(
      const std::optional<std::string>& token = std::nullopt);
  /// Does the card show training.svg, and not a picture of the user's own?
  bool shows_plot() const { return options.card_plot && options.card.plot.empty(); }
  /// Has the card's picture drawn at saves, unless a callback is there that does.
  void add_plotter();
  /// Of a card made now, if the run goes on.
  std::optional<CardProgress> progress_on_card();
  /// Has the signal of enable_jit_checkpoint come?
  bool stopped_by_signal();
  /// The picture as the run stands now.
  void draw_plot();
  TrainerEvent event();
  torch::Device device() const { return device_; }
  /// Where the model lies now. At the begin of each pass: a user may have moved it.
  void find_device();
  DataLoader loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const Sampler> sampler,
                    DataLoaderOptions loader_options) const;
  /// What `args` (these, or with another batch size) make of the training data.
  TrainingData training_data(const TrainingArguments& args) const;
  /// What the batches that are trained on say: a subclass may have made them otherwise.
  TrainingData training_data(const DataLoader& loader) const;
  std::optional<std::vector<std::string>> columns_read() const;
  DataLoaderOptions train_loader_options(const TrainingArguments& args) const;
  DataLoaderOptions loader_options(std::int64_t batch_size) const;
  HubOptions hub_options() const;
  std::int64_t eval_batch_size() const { return options.args.per_device_eval_batch_size; }

  /// On the model's device.
  Batch model_inputs(Batch batch) const;
  /// args.label_smoothing_factor, where the model's labels are classes in a column `labels`.
  double label_smoothing() const;
  /// The columns under label_names: one as it is, several of one shape side by side, of several
  /// shapes the first. Undefined where one is missing.
  at::Tensor labels_of(const Batch& inputs) const;
  /// Calls what may be overridden, and pushes nothing.
  void save_model_to(const std::filesystem::path& folder);
  /// auto_find_batch_size: is it worth while to start again with a smaller batch?
  bool tries_again_after(const std::exception& error) const;
  /// Can anybody use the number of labels that count in an update?
  bool counts_items() const;
  /// @throws InvalidArgumentError if noise is asked for that the model did not add
  void require_neftune() const;
  /// Labels that count.
  std::int64_t items_in(const at::Tensor& labels) const;
  /// Those of a batch: of `shift_labels`, which stand where their logits do, if it has them. Unset
  /// without labels.
  std::optional<std::int64_t> items_of(const Batch& batch) const;
  /// How far the run is: the epoch and, where they are counted, the tokens.
  Metrics progress() const;
  /// What of it the row lacks.
  void add_progress(LogRow& row) const;
  /// What forward passes run in, if not in the weights' own type.
  std::optional<at::ScalarType> autocast_type() const;
  /// What weights become for an evaluation outside training.
  std::optional<at::ScalarType> full_eval_type() const;
  /// Is the loss divided by labels of all processes, so that their mean would be too small?
  bool counts_for_all_processes(const UpdateExtent& update) const;
  /// Does the loss add up over micro-batches as it is?
  bool normalises_by_items(const UpdateExtent& update) const;
  double seconds_since(std::chrono::steady_clock::time_point start) const;

  Trainer& owner;  ///< Whose it is, for what may be overridden.
  TrainerOptions options;
  std::string device_name;
  Processes processes;
  std::unique_ptr<GradientExchange> exchange;  ///< During train() in several processes.
  TrainingPlan plan;
  TrainerState state;
  TrainerControl control;
  CallbackList callbacks;
  MemoryTracker memory;
  std::shared_ptr<PushToHubCallback> pusher;                 ///< Only with push_to_hub.
  std::shared_ptr<TrainingPlotCallback> plotter;             ///< Of the picture on the card.
  bool training = false;                                     ///< train() is under way.
  std::optional<std::int64_t> weights_step;                  ///< See TrainerEvent.
  bool saves_for_itself = false;                             ///< save_model() is not the user's.
  DeferredFiles* deferred = nullptr;                         ///< Of the checkpoint being made.
  ResumedRates resumed_rates = ResumedRates::of_checkpoint;  ///< Of that train().
  /// Set until the first train(): Python reports it with evaluations before training.
  std::optional<double> model_preparation_seconds = std::nullopt;

  std::optional<GradScaler> scaler;  ///< Only with fp16.

  torch::Device device_ = torch::Device(torch::kCPU);
  std::vector<std::string> label_names = {};  ///< Columns that are labels.
  mutable bool warned_of_labels = false;      ///< That only the first of them is used.
  /// Has the next train() make a new one, if it is not the user's.
  void forget_optimizer() {
    if (!options.optimizer) kept_optimizer.reset();
  }
  /// With the rates that it began with, which a schedule has changed since; kept for the next
  /// train(). Unset before the first one.
  std::shared_ptr<torch::optim::Optimizer> kept_optimizer = nullptr;
  std::vector<double> base_rates = {};
  bool swept = false;  ///< What a killed run left in output_dir is removed.

  // What events point at, while there is one.
  const torch::optim::Optimizer* optimizer = nullptr;
  const LrScheduler* lr_scheduler = nullptr;
  const DataLoader* train_loader = nullptr;
  const DataLoader* eval_loader = nullptr;
};

/// args.label_names; unset: those of the names that forward() reads which Python's Trainer would
/// take, else "labels".
std::vector<std::string> label_names_of(const PreTrainedModel& model,
                                        const TrainingArguments& args);
/// What the arguments ask of the learning rate. @param optimizer the rate that it was made with is
/// the one to which others are compared; null: args.learning_rate. @param total_steps of the run;
/// below 0: not known
ScheduleOptions schedule_options(const TrainingArguments& args,
                                 const torch::optim::Optimizer* optimizer, std::int64_t total_steps,
                                 std::int64_t warmup_steps = 0);
OptimizerOptions optimizer_options(const TrainingArguments& args);

}  // namespace torchhub
