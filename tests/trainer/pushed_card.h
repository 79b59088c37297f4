#pragma once

#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace torchhub::testing {

/// Runs of the tiny model that are pushed to a hub in this process, and a look at what is there.
class PushedCard : public ::testing::Test {
 protected:
  HubOptions hub_options() const {
    return {.endpoint = hub_.base_url(),
            .token = hub_.token(),
            .cache_dir = folder_ / "cache",
            .retry = {.max_retries = 1, .first_wait = std::chrono::milliseconds(1)}};
  }

  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = output_dir_,
                     .max_steps = 4,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .eval_strategy = IntervalStrategy::steps,
                     .eval_steps = 2,
                     .save_steps = 2,
                     .push_to_hub = true,
                     .hub_always_push = true},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(8),
            .hub = hub_options()};
  }

  HubClient client() const { return HubClient(hub_options()); }

  std::string pushed(const std::string& file, const std::string& revision = "main") const {
    return read_file(client().hub_download(repo_, file, {.revision = revision}));
  }

  TempDir folder_;
  LocalHub hub_;
  const std::filesystem::path output_dir_ = folder_ / "tiny";
  const Repo repo_{.id = {.owner = "demo", .name = "tiny"}};
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace torchhub::testing
