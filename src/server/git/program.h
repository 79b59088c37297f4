#pragma once

#include "server/http/response.h"
#include "torchhub/base/error.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server::git {

/// A client's Git-Protocol header as it may reach git, or "" if it is nothing that git would say.
std::string checked_protocol(std::string_view header);
/// Does git answer it in protocol 2? @param protocol as checked_protocol() gives it
bool asks_for_version_2(std::string_view protocol);

/// git ended as it should not.
class GitFailed : public Error {
 public:
  explicit GitFailed(int signal) : Error("git ended with an error."), signal_(signal) {}
  /// What ended it, SIGXCPU for one; 0 if it gave up by itself.
  int signal() const { return signal_; }

 private:
  int signal_;
};

/// What a git process may use. Memory is limited for every one.
struct ProcessLimits {
  std::optional<std::chrono::seconds> processor_time = std::nullopt;
  std::optional<std::uint64_t> file_bytes = std::nullopt;  ///< Of each file that it writes.
};

/// The git program, which serves clones and unpacks pushes. Safe from several threads.
class Program {
 public:
  /// Looks for git in PATH. It may be missing or broken: all but clones and pushes works without.
  Program(unsigned max_processes, std::chrono::seconds timeout);

  /// What is wrong with the installed git, or nothing.
  const std::optional<std::string>& problem() const { return problem_; }

  /// How many run now.
  unsigned running() const;
  /// How many wait for a place among them.
  unsigned waiting() const;

  struct Call {
    std::vector<std::string> arguments;                ///< Behind "git".
    std::string protocol = {};                         ///< As checked_protocol() gives it.
    std::shared_ptr<const OpenFile> input = nullptr;   ///< Standard input, from its offset on.
    std::vector<std::string> variables = {};           ///< "NAME=value", of its environment.
    std::shared_ptr<const OpenFile> errors = nullptr;  ///< Takes what it complains of.
    ProcessLimits limits = {};
  };
  /// Starts git; what it prints is the body. Its end, the client's and `stop` end each other.
  /// Reading throws GitFailed, CancelledError. @throws ApiError 503 if git cannot be used, too many
  /// wait for it, or no place came free within the timeout
  std::unique_ptr<BodySource> run(const Call& call, std::stop_token stop);
  /// Runs git to its end. @throws as run, GitFailed, CancelledError
  std::string output(const Call& call, std::stop_token stop);

 private:
  friend class ProcessOutput;
  std::optional<std::string> find_problem();
  void take_place(const std::stop_token& stop);
  void give_place();

  unsigned max_processes_;
  std::chrono::seconds timeout_;
  std::string path_;
  std::optional<std::string> problem_;

  mutable std::mutex mutex_;
  std::condition_variable_any free_place_;
  unsigned running_ = 0;  // guarded by mutex_
  unsigned waiting_ = 0;  // guarded by mutex_
};

}  // namespace torchhub::server::git
