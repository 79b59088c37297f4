#pragma once

#include "torchhub/fwd.h"
#include "torchhub/models/config.h"
#include "torchhub/models/outputs.h"
#include "torchhub/models/push_to_hub.h"
#include "torchhub/weights/report.h"
#include "torchhub/weights/state_dict.h"

#include <torch/nn/module.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

class WeightFiles;

class DeferredFiles;

struct SavePretrainedOptions {
  std::uint64_t max_shard_size = 50'000'000'000;  ///< Bytes of one weight file. > 0.
  /// Puts the writing of the weights off; `folder` is then a fresh one, and push_to_hub is not for
  /// it. Unset: all is written now.
  DeferredFiles* deferred = nullptr;
  /// Afterwards pushes those files of the folder that are new or have changed.
  bool push_to_hub = false;
  std::string repo_id = {};     ///< With push_to_hub. Empty: the folder's name.
  PushObjectOptions push = {};  ///< With push_to_hub; its max_shard_size does not count.
};

struct LoadStateOptions {
  bool ignore_mismatched_sizes = false;  ///< Keep fresh weights where shapes differ; else an error.
  bool allow_random_init = false;        ///< Accept a file of which no tensor fits; else an error.
  std::string commit_hash = {};          ///< For the report: the hub commit of the files.
};

/// A module that knows its config and can be saved, loaded and pushed. A model derives from this,
/// registers its submodules, and implements forward():
///
///     class Net : public PreTrainedModel {
///      public:
///       explicit Net(const NetConfig& config) : PreTrainedModel(config) { ... }
///       ModelOutput forward(const Batch& batch) override;
///     };
///
/// Like any module, not safe from several threads while something changes it.
class PreTrainedModel : public torch::nn::Module {
 public:
  /// Keeps a copy of `config`. @throws ConfigError if it is not valid
  template <std::derived_from<PretrainedConfig> Config>
  explicit PreTrainedModel(const Config& config)
      : PreTrainedModel(std::make_shared<Config>(config)) {}
  explicit PreTrainedModel(std::shared_ptr<PretrainedConfig> config);

  /// @param batch what the collator made: "pixel_values", "input_ids", ..., and "labels" or not
  virtual ModelOutput forward(const Batch& batch) = 0;

  /// The name in `architectures`. Unless overridden: the C++ type's.
  virtual std::string class_name() const;
  /// "bert" if the state of the bare model stands under "bert." here; then files with and without
  /// the prefix load alike. Empty: none.
  virtual std::string base_model_prefix() const;

  // How the Trainer may treat it. Each default is the careful one.

  /// True if forward() divides its loss by "num_items_in_batch" (int64 scalar) where the batch has
  /// it: the sum over tokens, so that the micro-batches of an update add up. Otherwise the loss is
  /// a mean, and the Trainer divides it by their number.
  virtual bool accepts_num_items_in_batch() const { return false; }
  /// True if the logits at a position predict the label after it (causal language models): then
  /// the first label of a row counts for nothing.
  virtual bool shifts_labels() const { return false; }
  /// The names that forward() reads from a batch; with remove_unused_columns the Trainer drops the
  /// others, but for labels and special_tokens_mask, before they are collated. Empty: all.
  virtual std::vector<std::string> forward_arguments() const { return {}; }
  /// The input whose elements count as tokens.
  virtual std::string main_input_name() const { return "input_ids"; }
  /// Of a forward and backward pass: 6 for each element of the main input and parameter outside
  /// embeddings. 0 if the batch has no main input.
  virtual double floating_point_ops(const Batch& batch) const;
  /// Recomputes activations in the backward pass from now on, or no longer.
  /// @return false if the model cannot
  virtual bool set_gradient_checkpointing(bool) { return false; }

  /// A model passes the output of its input embeddings through this; with noise switched on, it
  /// comes back with uniform noise in +-alpha/sqrt(length x width) while training (NEFTune).
  /// @param embeddings [batch, length, width]
  at::Tensor neftune(at::Tensor embeddings);
  /// @param alpha 0: off
  void set_neftune_noise(double alpha) { neftune_ = {.alpha = alpha}; }
  /// Did neftune() run since the noise was set?
  bool used_neftune() const { return neftune_.used; }

  PretrainedConfig& config() { return *config_; }
  const PretrainedConfig& config() const { return *config_; }
  std::shared_ptr<const PretrainedConfig> shared_config() const { return config_; }

  /// Parameters and buffers in the order and under the names of Python's `state_dict()`; the
  /// tensors are the model's own, not copies.
  StateDict named_state() const;
  /// Numbers in all parameters; tied ones count once.
  std::int64_t num_parameters(bool only_trainable = false) const;

  /// Makes every floating parameter and buffer of this dtype; counters and masks stay.
  /// @param name "float32", "bfloat16", ... @throws InvalidArgumentError if it is not a float
  void set_dtype(const std::string& name);

  /// config.json and model.safetensors, or shards with their index. `architectures` and `dtype` of
  /// the config are brought up to date. Weights appear under their names only when all are written,
  /// config.json last; files of an earlier save that would now mislead are removed.
  /// @throws ConfigError if `folder` is a file; FileError, DiskFullError; with push_to_hub what
  /// push_folder() throws: then all is saved, and not pushed
  void save_pretrained(const std::filesystem::path& folder,
                       const SavePretrainedOptions& options = {});

  /// Saves into a temporary folder and pushes that as one commit: "Upload model", with a card if
  /// there is none. @param repo_id `name` or `owner/name`, made if missing
  /// @throws what save_pretrained() and push_folder() throw
  CommitInfo push_to_hub(const std::string& repo_id, const PushObjectOptions& options = {});
  /// Tags that the card gets with each push of this model; those that it has already count once.
  void add_model_tags(const std::vector<std::string>& tags);
  const std::vector<std::string>& model_tags() const { return model_tags_; }

  /// Copies weights into this model; says what did not fit, also in load_report() and the log.
  /// @param path model.safetensors, its index, or a folder that has either
  /// @throws SafetensorsError, FileError; WeightMismatchError if nothing fits or shapes differ
  LoadReport load_state(const std::filesystem::path& path, const LoadStateOptions& options = {});
  /// The same from files that are already open.
  LoadReport load_state(const WeightFiles& files, const LoadStateOptions& options = {});
  /// Of the last load_state() or from_pretrained().
  const LoadReport& load_report() const { return load_report_; }

 private:
  struct Neftune {
    double alpha = 0;
    bool used = false;
  };

  std::shared_ptr<PretrainedConfig> config_;
  LoadReport load_report_ = {};
  std::vector<std::string> model_tags_ = {};
  Neftune neftune_ = {};
  mutable std::optional<std::int64_t> parameters_without_embeddings_ = std::nullopt;
};

}  // namespace torchhub
