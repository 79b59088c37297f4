#include "push/git_tag.h"

#include "torchhub/push/push_folder.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {

GitTag::GitTag(const HubClient& client, Repo repo, std::string name, const std::string& branch,
               std::stop_token stop)
    : client_(client), repo_(std::move(repo)), name_(std::move(name)), stop_(std::move(stop)) {
  const std::vector<GitRef> tags = client_.list_repo_refs(repo_, stop_).tags;
  const auto found =
      std::find_if(tags.begin(), tags.end(), [&](const GitRef& tag) { return tag.name == name_; });
  if (found == tags.end()) return;
  if (found->target_commit != client_.repo_info(repo_, branch, stop_).sha) {
    throw TagTakenError(fmt::format(
        "Tag '{}' of '{}' stands at commit {} already; nothing was pushed. Choose another tag, "
        "or delete that one.",
        name_, repo_.id.str(), found->target_commit));
  }
  stands_at_ = found->target_commit;
}

void GitTag::set(const std::string& commit) const {
  if (stands_at_ == commit) return;
  try {
    client_.create_tag(repo_, name_, {.revision = commit}, stop_);
  } catch (Error& error) {
    error.add_context(fmt::format("commit {} was made, but not its tag", commit));
    throw;
  }
}

}  // namespace torchhub
