#pragma once

#include "server/http/response.h"

#include <chrono>
#include <condition_variable>
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

/// The git program, which serves clones. Safe from several threads.
class Program {
 public:
  /// Looks for git in PATH. It may be missing or broken: everything but clones works without.
  Program(unsigned max_processes, std::chrono::seconds timeout);

  /// What is wrong with the installed git, or nothing.
  const std::optional<std::string>& problem() const { return problem_; }

  /// How many run now.
  unsigned running() const;

  struct Call {
    std::vector<std::string> arguments;               ///< Behind "git".
    std::string protocol = {};                        ///< As checked_protocol() gives it.
    std::shared_ptr<const OpenFile> input = nullptr;  ///< Standard input, from its offset on.
  };
  /// Starts git; what it prints is the body. Its end, the client's and `stop` end each other.
  /// @throws ApiError 503 if git cannot be used or too many clones wait
  std::unique_ptr<BodySource> run(const Call& call, std::stop_token stop);
  /// Runs git to its end.
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
