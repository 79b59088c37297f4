#pragma once

#include "torchhub/hub/client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace torchhub {

/// What a repository and its Hub know for the card of a run: the license of the base model, and the
/// commits that hold weights. Not safe from several threads.
class HubFacts {
 public:
  /// Asks the Hub the first time only, and no longer than a few seconds. What it does not say stays
  /// unknown: throws nothing for that.
  void learn_license(const HubClient& client, const std::string& base_model);
  const std::optional<std::string>& license() const { return license_; }

  /// The branch as it is at the start, which may hold weights already.
  void note_start(const RepoInfo& branch);
  /// `commit` holds the weights that were taken after update `step`; it counts if it is the first.
  /// Step 0 is that of loops which do not count: there the last one counts.
  void note_weights(std::int64_t step, const std::string& commit);
  /// `commit` holds weights, but not known which.
  void note_newest(const std::string& commit) {
    if (!commit.empty()) newest_ = commit;
  }
  /// A run begins after this update: what came after it in an earlier run are other weights.
  void forget_after(std::int64_t step);
  /// The commit of these weights, else of the newest that are known; empty: of none.
  std::string commit_with(std::int64_t step) const;

  /// The tag that the push under way will get; empty: none.
  void set_tag(std::string tag) { tag_ = std::move(tag); }
  const std::string& tag() const { return tag_; }

 private:
  bool has_asked_ = false;
  std::optional<std::string> license_ = std::nullopt;
  std::map<std::int64_t, std::string> by_step_ = {};
  std::string newest_ = {};
  std::string tag_ = {};
};

}  // namespace torchhub
