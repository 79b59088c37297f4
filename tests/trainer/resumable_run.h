#pragma once

#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// Of run(): 26 samples in batches of 4, two an update: 7 batches and 4 updates an epoch, the last
/// ones short.
inline TrainingArguments arguments(const std::filesystem::path& output_dir,
                                   std::int64_t save_steps) {
  return {.output_dir = output_dir,
          .per_device_train_batch_size = 4,
          .max_steps = 12,
          .learning_rate = 0.01,
          .warmup_steps = 3,
          .weight_decay = 0.1,
          .gradient_accumulation_steps = 2,
          .logging_steps = 1,
          .disable_tqdm = true,
          .save_steps = static_cast<double>(save_steps)};
}

/// Adds noise to the images, drawn from the seed of the batch.
inline Batch noisy_collator(const std::vector<Batch>& samples, std::uint64_t seed) {
  Batch batch = default_data_collator(samples, seed);
  const auto generator = at::detail::createCPUGenerator(seed);
  torch::Tensor& x = batch.at("pixel_values");
  x = x + 0.1 * torch::randn(x.sizes(), generator, x.options());
  return batch;
}

/// @return the model that the run ends with
inline std::shared_ptr<PreTrainedModel> run(TrainingArguments args,
                                            std::optional<std::string> resume = std::nullopt,
                                            std::optional<HubOptions> hub = std::nullopt) {
  const auto model = tiny_model();
  if (resume) {  // other weights, so that a resume which brings none is noticed
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : model->parameters()) parameter.fill_(0.5);
  }
  Trainer trainer({.model = model,
                   .args = std::move(args),
                   .train_dataset = tiny_dataset(26),
                   .data_collator = noisy_collator,
                   .hub = std::move(hub)});
  trainer.train({.resume_from_checkpoint = std::move(resume)});
  return model;
}

}  // namespace torchhub::testing
