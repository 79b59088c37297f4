#pragma once

#include "cli/rank_process.h"

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::cli {

/// Waits for all ranks. When one fails, or a signal asks us to end, the others get SIGTERM (or that
/// signal) and, after a grace, SIGKILL.
class RankWatch {
 public:
  /// Keeps the signals from the default action; call before the first rank starts.
  explicit RankWatch(std::chrono::milliseconds grace);
  ~RankWatch();
  RankWatch(const RankWatch&) = delete;
  RankWatch& operator=(const RankWatch&) = delete;

  void add(RankProcess rank) { ranks_.push_back({std::move(rank)}); }
  /// @return the exit status of the rank that failed first, or 0
  int wait();

 private:
  struct Watched {
    RankProcess process;
    std::array<std::string, 2> line = {};  // what came without a line end yet
    bool ended = false;
  };

  bool is_any_running() const;
  void wait_for_news();
  void take_signals();
  void end_all(int signal);
  void note_endings();
  void kill_when_late();
  void pass_output(Watched& rank, int stream);

  std::chrono::milliseconds grace_;
  int signals_ = -1;  // a signalfd
  std::vector<Watched> ranks_;
  std::optional<int> first_failure_;
  std::optional<std::chrono::steady_clock::time_point> kill_at_;
  bool asked_to_end_ = false;
};

}  // namespace torchhub::cli
