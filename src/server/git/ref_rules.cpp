#include "server/git/ref_rules.h"

#include "server/git/repository.h"
#include "torchhub/base/utf8.h"
#include "torchhub/wire/repo.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace torchhub::server::git {
namespace {

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kRequests = "refs/pr/";

/// A ref is a file to git, and its lock a file whose name is longer by ".lock".
constexpr std::size_t kMaxPartBytes = 250;
constexpr std::size_t kMaxBytes = 1000;

bool has_long_part(std::string_view ref) {
  for (std::size_t start = 0; start <= ref.size();) {
    const std::size_t end = std::min(ref.find('/', start), ref.size());
    if (end - start > kMaxPartBytes) return true;
    start = end + 1;
  }
  return false;
}

bool is_number(std::string_view text) {
  constexpr std::size_t kMaxDigits = 9;
  return !text.empty() && text.size() <= kMaxDigits && text.front() != '0' &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

bool is_too_long_for_ref(std::string_view ref) {
  return ref.size() > kMaxBytes || has_long_part(ref);
}

std::optional<std::string> problem_of_ref(const std::string& ref) {
  std::string_view name = ref;
  if (name.starts_with(kRequests)) {
    name.remove_prefix(kRequests.size());
    if (!is_number(name)) return "a pull request has a number";
    return std::nullopt;
  }
  if (name.starts_with(kBranches)) {
    name.remove_prefix(kBranches.size());
  } else if (name.starts_with(kTags)) {
    name.remove_prefix(kTags.size());
  } else {
    return "only branches, tags and pull requests can be pushed";
  }
  if (!Repository::is_valid_ref_name(ref)) return "git does not allow this name";
  if (!is_utf8(ref)) return "the name is not UTF-8";
  if (is_too_long_for_ref(ref)) return "the name is too long";
  if (is_commit_hash(name)) return "40 hex digits stand for a commit";
  if (name == "HEAD") return "HEAD stands for the default branch";
  if (name.starts_with("refs/")) return "'refs/' must not be there twice";
  return std::nullopt;
}

}  // namespace torchhub::server::git
