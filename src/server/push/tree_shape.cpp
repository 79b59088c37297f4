#include "server/push/tree_shape.h"

#include "server/push/refusal.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxLinkBytes = 1024;
constexpr std::size_t kMaxDepth = 64;

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (!part.empty() && part != ".") out.push_back(part);
    start = end + 1;
  }
  return out;
}

/// How many folders up a link goes.
std::size_t climbs_of(std::string_view target) {
  const auto parts = parts_of(target);
  const auto down =
      std::find_if(parts.begin(), parts.end(), [](auto part) { return part != ".."; });
  return static_cast<std::size_t>(down - parts.begin());
}

}  // namespace

std::optional<std::string> read_link(git_repository* repository, const git_oid& blob) {
  const auto found = git::made<git::BlobHandle>("read a link", git_blob_lookup, repository, &blob);
  const auto size = static_cast<std::size_t>(git_blob_rawsize(found.get()));
  if (size > kMaxLinkBytes) return std::nullopt;
  return std::string(static_cast<const char*>(git_blob_rawcontent(found.get())), size);
}

std::optional<std::string> problem_of_link(std::string_view target) {
  if (target.starts_with('/')) return "it points outside of the repository";
  if (target.empty()) return "it points nowhere";
  bool down = false;
  for (const std::string_view part : parts_of(target)) {
    if (part == "..") {
      if (down) return "it goes down and up again";
      continue;
    }
    down = true;
    if (problem_of_repo_path(part)) return "it points to what no repository can have";
  }
  return std::nullopt;
}

const TreeShape& TreeShapes::find(const git_oid& tree, std::size_t level) {
  const auto found = known_.find(tree);
  if (level + (found != known_.end() ? found->second.depth : 1) > kMaxDepth) {
    throw Refusal("folders too deep", {fmt::format("Your push was rejected because a path in it "
                                                   "is deeper than {} folders.",
                                                   kMaxDepth)});
  }
  if (found != known_.end()) return found->second;
  return known_[tree] = measure(tree, level);
}

TreeShape TreeShapes::measure(const git_oid& id, std::size_t level) {
  const auto tree = git::made<git::TreeHandle>("read a tree", git_tree_lookup, repository_, &id);
  TreeShape out;
  const auto link_leads_up = [&](std::size_t climbs, const std::string& path) {
    if (climbs <= out.climbs) return;
    out.climbs = climbs;
    out.link = path;
  };
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry& entry = *git_tree_entry_byindex(tree.get(), i);
    const std::string name = git_tree_entry_name(&entry);
    TreeShape below;
    if (git_tree_entry_type(&entry) == GIT_OBJECT_TREE) {
      below = find(*git_tree_entry_id(&entry), level + 1);
      if (below.climbs > 0) link_leads_up(below.climbs - 1, name + "/" + below.link);
      if (below.bytes > 0) ++below.bytes;  // the slash
    } else if (git_tree_entry_filemode(&entry) == GIT_FILEMODE_LINK) {
      const auto target = read_link(repository_, *git_tree_entry_id(&entry));
      if (target) link_leads_up(climbs_of(*target), name);
    }
    out.depth = std::max(out.depth, below.depth + 1);
    out.bytes = std::max(out.bytes, below.bytes + name.size());
  }
  return out;
}

}  // namespace torchhub::server
