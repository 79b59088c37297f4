#pragma once

#include "torchhub/training/callback.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace torchhub {

struct JitCheckpointOptions {
  /// After the signal: a machine that only wants to kill does so within this time, and a checkpoint
  /// begun then would be cut short.
  std::chrono::milliseconds grace_period{3000};
  int signal_number = 15;  ///< SIGTERM.
};

/// "Just in time": after SIGTERM the run writes a checkpoint at the end of the update under way, or
/// of the epoch, and stops. The handler stands from train_begin to the end of train(), then the one
/// before returns; it only notes the time. One at a time in a process.
class JitCheckpointCallback final : public TrainerCallback {
 public:
  explicit JitCheckpointCallback(JitCheckpointOptions options = {});
  ~JitCheckpointCallback() override;

  std::string name() const override { return "JITCheckpointCallback"; }
  /// @throws InvalidArgumentError if another one stands already
  void on_train_begin(const TrainerEvent& event) override;
  void on_step_end(const TrainerEvent& event) override;
  void on_epoch_end(const TrainerEvent& event) override;
  void on_save(const TrainerEvent& event, const std::filesystem::path& checkpoint) override;
  void on_train_end(const TrainerEvent& event) override;
  void on_exception(const TrainerEvent& event, const std::exception& error) override;

  /// Did the signal come since train_begin?
  bool signalled() const;

 private:
  class Handler;
  void save_if_signalled(const TrainerEvent& event);

  JitCheckpointOptions options_;
  std::unique_ptr<Handler> handler_;
  std::optional<std::int64_t> saved_step_ = std::nullopt;
};

}  // namespace torchhub
