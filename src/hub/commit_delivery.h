#pragma once

#include "hub/commit_request.h"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace torchhub {

/// Sends one commit until it is made, and never makes it twice (hub-protocol 8.3).
///
/// The POST must not be repeated blindly: the commit may have been made although its answer was
/// lost. So the history is looked at first, and a repeat names the parent that was seen there,
/// which a late first try makes fail (412) instead of committing twice.
class CommitDelivery {
 public:
  CommitDelivery(const HubClient& client, const HubApi& api, const Repo& repo,
                 const CommitOptions& options, const CommitRequest& request, std::stop_token stop);

  /// @param before the branch's head before the first try: ours can only come after it
  CommitInfo send(std::string before);

 private:
  struct Sight {
    std::string head;  ///< The newest commit.
    std::optional<CommitInfo> ours = std::nullopt;
  };

  Sight look(const std::string& before) const;
  bool is_ours(const GitCommit& commit) const;
  CommitInfo info_of(const GitCommit& commit) const;
  void note_doubt(const Error& error) const;
  std::chrono::milliseconds own_wait(int attempt) const;
  void pause(std::chrono::milliseconds wait) const;

  const HubClient& client_;
  const HubApi& api_;
  const Repo& repo_;
  const CommitOptions& options_;
  const CommitRequest& request_;
  std::stop_token stop_;
};

}  // namespace torchhub
