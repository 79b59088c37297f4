#pragma once

#include "torchhub/hub/client.h"

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace torchhub {

/// May git have a tag of this name? As `git check-ref-format refs/tags/<name>` says.
bool is_tag_name(std::string_view name);

/// A git tag that a commit to be is to get.
class GitTag {
 public:
  /// Looks where it stands now. @throws InvalidArgumentError if git has no such names; what the
  /// client throws
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
