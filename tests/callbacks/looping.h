#pragma once

#include "support/commit_titles.h"
#include "support/direct_client.h"
#include "support/gate_transport.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/loop_pusher.h"

#include <gtest/gtest.h>

#include <thread>

namespace torchhub::testing {

/// A hand-written loop whose model is a word.
class Looping : public ::testing::Test {
 protected:
  LoopPusherOptions options() {
    LoopPusherOptions made{.output_dir = output_dir_, .hub = hub_options_};
    made.save_model = [this](const std::filesystem::path& folder) {
      write_file_atomically(folder / "model.safetensors", weights_);
    };
    return made;
  }
  LoopPusherOptions with_checkpoint() {
    LoopPusherOptions made = options();
    made.checkpoint = true;
    made.save_checkpoint = [this](const std::filesystem::path& folder, std::int64_t epoch) {
      write_file_atomically(folder / "optimizer.pt", weights_ + " moments");
      write_file_atomically(folder / "epoch.txt", std::to_string(epoch));
    };
    return made;
  }

  /// One epoch of three batches, after which the model is `weights`.
  void epoch(LoopPusher& pusher, const std::string& weights, double loss) {
    for (int batch = 0; batch < 3; ++batch) pusher.on_batch_end();
    weights_ = weights;
    pusher.on_epoch_end({{"loss", loss}});
  }
  /// So that no newer save takes its place.
  void wait_for_commit(const std::string& title) const {
    while (titles().back() != title) std::this_thread::yield();
  }

  std::vector<std::string> titles() const { return commit_titles(client(), repo_); }
  std::string on_hub(const std::string& path,
                     const std::string& revision = std::string(kDefaultRevision)) const {
    return read_file(client().hub_download(repo_, path, {.revision = revision}));
  }
  HubClient client() const { return direct_client(hub_options_); }

  const TempDir folder_;
  const std::filesystem::path output_dir_ = folder_ / "net";
  LocalHub hub_;
  const std::shared_ptr<GateTransport> gate_ = std::make_shared<GateTransport>();
  const HubOptions hub_options_{
      .endpoint = hub_.base_url(),
      .token = hub_.token(),
      .cache_dir = folder_ / "cache",
      .retry = {.max_retries = 1, .first_wait = std::chrono::milliseconds(1)},
      .transport = gate_};
  const Repo repo_{.id = RepoId::parse("demo/net")};
  std::string weights_ = "fresh";
};

}  // namespace torchhub::testing
