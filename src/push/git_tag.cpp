#include "push/git_tag.h"

#include "torchhub/push/push_folder.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

bool is_ref_component(std::string_view part) {
  return !part.empty() && !part.starts_with('.') && !part.ends_with(".lock");
}

}  // namespace

bool is_tag_name(std::string_view name) {
  constexpr std::string_view kForbidden = " ~^:?*[\\\x7f";
  const auto is_forbidden = [&](char c) {
    return static_cast<unsigned char>(c) < ' ' || kForbidden.find(c) != std::string_view::npos;
  };
  if (std::any_of(name.begin(), name.end(), is_forbidden) || name.ends_with('.')) return false;
  for (const std::string_view pair : {"..", "@{"}) {
    if (name.find(pair) != std::string_view::npos) return false;
  }
  for (std::size_t end = name.find('/'); end != std::string_view::npos; end = name.find('/')) {
    if (!is_ref_component(name.substr(0, end))) return false;
    name.remove_prefix(end + 1);
  }
  return is_ref_component(name);
}

GitTag::GitTag(const HubClient& client, Repo repo, std::string name, std::stop_token stop)
    : client_(client), repo_(std::move(repo)), name_(std::move(name)), stop_(std::move(stop)) {
  if (!is_tag_name(name_)) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is no name for a git tag; nothing was pushed. Take one such as v1.0.", name_));
  }
  const std::vector<GitRef> tags = client_.list_repo_refs(repo_, stop_).tags;
  const auto found =
      std::find_if(tags.begin(), tags.end(), [&](const GitRef& tag) { return tag.name == name_; });
  if (found != tags.end()) stands_at_ = found->target_commit;
}

void GitTag::require_free(const std::string& branch) const {
  if (!stands_at_ || stands_at_ == client_.repo_info(repo_, branch, stop_).sha) return;
  throw TagTakenError(fmt::format(
      "Tag '{}' of '{}' stands at commit {} already; nothing was pushed. Choose another tag, or "
      "delete that one.",
      name_, repo_.id.str(), *stands_at_));
}

void GitTag::set(const std::string& commit) const {
  if (stands_at_ == commit) return;
  if (stands_at_) {
    throw TagTakenError(fmt::format(
        "Commit {} was made, but not its tag: tag '{}' of '{}' stands at commit {} already. Choose "
        "another tag, or delete that one.",
        commit, name_, repo_.id.str(), *stands_at_));
  }
  try {
    client_.create_tag(repo_, name_, {.revision = commit}, stop_);
  } catch (Error& error) {
    error.add_context(fmt::format("commit {} was made, but not its tag", commit));
    throw;
  }
}

}  // namespace torchhub
