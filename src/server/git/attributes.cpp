#include "server/git/attributes.h"

#include "server/git/handles.h"

#include <string_view>

namespace torchhub::server::git {

bool is_lfs_path(git_repository* repository, const git_oid& commit, const std::string& path) {
  git_attr_options options = GIT_ATTR_OPTIONS_INIT;
  options.flags = GIT_ATTR_CHECK_NO_SYSTEM | GIT_ATTR_CHECK_INCLUDE_COMMIT;
  options.attr_commit_id = commit;
  const char* value = nullptr;
  check(git_attr_get_ext(&value, repository, &options, path.c_str(), "filter"),
        "read .gitattributes");
  return git_attr_value(value) == GIT_ATTR_VALUE_STRING && std::string_view(value) == "lfs";
}

std::string lfs_rule_for(std::string_view path) {
  std::string pattern;
  for (char c : path) {
    if (c == ' ') {
      pattern += "[[:space:]]";  // a blank ends the pattern; so git-lfs track writes it, too
      continue;
    }
    const bool special_first = pattern.empty() && (c == '#' || c == '!' || c == '"');
    if (c == '*' || c == '?' || c == '[' || c == ']' || special_first) pattern += '\\';
    pattern += c;
  }
  return pattern + " filter=lfs diff=lfs merge=lfs -text";
}

}  // namespace torchhub::server::git
