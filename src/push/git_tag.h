#pragma once

#include "torchhub/hub/client.h"

#include <optional>
#include <stop_token>
#include <string>

namespace torchhub {

/// A git tag that a commit to be is to get.
class GitTag {
 public:
  /// Looks where it stands now. @throws what the client throws
  GitTag(const HubClient& client, Repo repo, std::string name, std::stop_token stop = {});

  /// Before the commit. It may stand at the head of `branch`: where the push changes nothing, all
  /// is well. @throws TagTakenError if it stands elsewhere; what the client throws
  void require_free(const std::string& branch) const;
  /// Unless it stands there. @throws TagTakenError if it stands elsewhere; what
  /// HubClient::create_tag throws; both say that the commit is made
  void set(const std::string& commit) const;

 private:
  const HubClient& client_;
  const Repo repo_;
  const std::string name_;
  const std::stop_token stop_;
  std::optional<std::string> stands_at_ = std::nullopt;
};

}  // namespace torchhub
