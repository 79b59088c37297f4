#include "server/git/unified_diff.h"

namespace torchhub::server::git {
namespace {

using DiffHandle = std::unique_ptr<git_diff, Release<&git_diff_free>>;

constexpr git_off_t kMaxFileBytes = git_off_t{1} << 20;

struct Text {
  std::string bytes = {};
  std::size_t limit = 0;
  bool cut = false;
};

TreeHandle tree_of(const Repository& repository, const std::string& commit) {
  const git_oid oid = parse_oid(commit);
  const auto found =
      made<CommitHandle>("find a commit", git_commit_lookup, repository.handle(), &oid);
  return made<TreeHandle>("read a tree", git_commit_tree, found.get());
}

int add_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* to) {
  auto& text = *static_cast<Text*>(to);
  const bool marked = line->origin == GIT_DIFF_LINE_CONTEXT ||
                      line->origin == GIT_DIFF_LINE_ADDITION ||
                      line->origin == GIT_DIFF_LINE_DELETION;
  if (text.bytes.size() + line->content_len + 1 > text.limit) {
    text.cut = true;
    return GIT_EUSER;
  }
  if (marked) text.bytes += line->origin;
  text.bytes.append(line->content, line->content_len);
  return 0;
}

}  // namespace

std::string unified_diff(const Repository& repository, const std::optional<std::string>& from,
                         const std::string& to, std::size_t max_bytes) {
  const TreeHandle old_tree = from ? tree_of(repository, *from) : nullptr;
  const TreeHandle new_tree = tree_of(repository, to);
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.max_size = kMaxFileBytes;
  const auto diff = made<DiffHandle>("compare", git_diff_tree_to_tree, repository.handle(),
                                     old_tree.get(), new_tree.get(), &options);
  Text text{.limit = max_bytes};
  const int code = git_diff_print(diff.get(), GIT_DIFF_FORMAT_PATCH, add_line, &text);
  if (!text.cut) check(code, "compare");
  if (text.cut) text.bytes += "[The rest of the diff is too long to be shown.]\n";
  return text.bytes;
}

}  // namespace torchhub::server::git
