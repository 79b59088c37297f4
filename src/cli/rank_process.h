#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace torchhub::cli {

/// What one rank runs.
struct RankProgram {
  std::vector<std::string> arguments;    ///< The program first, looked for in PATH.
  std::vector<std::string> environment;  ///< NAME=value, all of it.
};

/// A rank as a process, the leader of a process group of its own. Ends by SIGKILL when the thread
/// that started it does. Reads nothing from standard input.
class RankProcess {
 public:
  /// @param tag_output its output comes through output(), else it goes where ours goes
  /// @throws FileError if the program cannot be started
  RankProcess(int rank, RankProgram program, bool tag_output);
  RankProcess(RankProcess&& other) noexcept;
  RankProcess& operator=(RankProcess&&) = delete;
  /// Kills the whole group if it still runs.
  ~RankProcess();

  int rank() const { return rank_; }
  pid_t pid() const { return pid_; }
  /// The reading end of a pipe for standard output (0) or error (1); -1 without one, or after its
  /// end.
  int output(int stream) const { return pipes_[stream]; }
  void close_output(int stream);

  /// Sends it to the whole group.
  void signal(int number) const;
  /// Looks whether it has ended; never waits. What it started itself and left behind ends with it.
  bool has_ended();
  /// The exit code, or 128 + the signal that ended it. Meaningful once has_ended().
  int exit_status() const;
  /// "exited with code 3", "was killed by signal 9 (Killed)".
  std::string ending() const;
  bool was_killed() const;

 private:
  int rank_ = 0;
  pid_t pid_ = -1;
  int pipes_[2] = {-1, -1};
  std::optional<int> status_ = std::nullopt;  // as waitpid gives it
};

}  // namespace torchhub::cli
