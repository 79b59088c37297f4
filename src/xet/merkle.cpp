#include "torchhub/xet/merkle.h"

#include "xet/keys.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace torchhub::xet {
namespace {

constexpr std::size_t kSmallestGroup = 3;  // but for the last of a level
constexpr std::size_t kLargestGroup = 9;

bool ends_a_group(const Hash& hash) { return hash.word(3) % 4 == 0; }

}  // namespace

void MerkleTree::add(const Hash& hash, std::uint64_t size) { add(0, Node{hash, size}); }

void MerkleTree::add(std::size_t level, const Node& node) {
  if (level == levels_.size()) levels_.emplace_back();
  std::vector<Node>& open = levels_[level].open;
  open.push_back(node);
  const bool natural_end = open.size() >= kSmallestGroup && ends_a_group(node.hash);
  if (natural_end || open.size() == kLargestGroup) close_group(level);
}

void MerkleTree::close_group(std::size_t level) {
  Node parent;
  std::string message;
  for (const Node& node : levels_[level].open) {
    fmt::format_to(std::back_inserter(message), "{} : {}\n", node.hash.text(), node.size);
    parent.size += node.size;
  }
  parent.hash = keyed(kNodeKey, std::as_bytes(std::span(message)));
  levels_[level].open.clear();
  levels_[level].has_groups = true;
  add(level + 1, parent);  // which may move levels_
}

Hash MerkleTree::root() {
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    const Level& at = levels_[level];
    const bool is_root = !at.has_groups && at.open.size() == 1;
    if (is_root) return at.open.front().hash;
    if (!at.open.empty()) close_group(level);
  }
  return {};
}

Hash merkle_root(std::span<const ChunkId> chunks) {
  MerkleTree tree;
  for (const ChunkId& chunk : chunks) tree.add(chunk);
  return tree.root();
}

}  // namespace torchhub::xet
