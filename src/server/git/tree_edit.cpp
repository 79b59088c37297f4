#include "server/git/tree_edit.h"

#include <utility>

namespace torchhub::server::git {

struct TreeEdit::Node {
  bool is_folder = true;
  bool loaded = false;   ///< children are those of `id`, or newer.
  bool changed = false;  ///< `id` is not what is here any more.
  git_filemode_t mode = GIT_FILEMODE_TREE;
  git_oid id = {};
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children = {};
};

namespace {

/// "a/b/c" to "a" and "b/c".
std::pair<std::string_view, std::string_view> first_part(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {path, {}};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

TreeEdit::TreeEdit(git_repository* repository, const git_tree* base)
    : repository_(repository), root_(std::make_unique<Node>()) {
  root_->loaded = base == nullptr;
  root_->changed = base == nullptr;
  if (base != nullptr) root_->id = *git_tree_id(base);
}

TreeEdit::~TreeEdit() = default;

void TreeEdit::load(Node& node) {
  if (node.loaded || !node.is_folder) return;
  const git_oid& id = node.id;
  const auto tree = made<TreeHandle>("read a tree", git_tree_lookup, repository_, &id);
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
    auto child = std::make_unique<Node>();
    child->is_folder = git_tree_entry_type(entry) == GIT_OBJECT_TREE;
    child->mode = git_tree_entry_filemode(entry);
    child->id = *git_tree_entry_id(entry);
    node.children.emplace(git_tree_entry_name(entry), std::move(child));
  }
  node.loaded = true;
}

TreeEdit::Node* TreeEdit::find(std::string_view path) {
  Node* node = root_.get();
  while (!path.empty()) {
    const auto [name, rest] = first_part(path);
    load(*node);
    const auto found = node->children.find(name);
    if (found == node->children.end()) return nullptr;
    node = found->second.get();
    path = rest;
  }
  return node;
}

std::optional<TreeEdit::File> TreeEdit::file(std::string_view path) {
  const Node* node = find(path);
  if (node == nullptr || node->is_folder) return std::nullopt;
  return File{node->id, node->mode};
}

bool TreeEdit::is_folder(std::string_view path) {
  const Node* node = find(path);
  return node != nullptr && node->is_folder;
}

TreeEdit::Result TreeEdit::put(std::string_view path, const git_oid& blob) {
  // Look first, so that a refused change leaves nothing behind.
  Node* node = root_.get();
  for (std::string_view rest = path; node != nullptr && !rest.empty();) {
    const auto [name, below] = first_part(rest);
    load(*node);
    const auto found = node->children.find(name);
    node = found == node->children.end() ? nullptr : found->second.get();
    if (node != nullptr && !below.empty() && !node->is_folder) return Result::file_in_way;
    rest = below;
  }
  if (node != nullptr && node->is_folder) return Result::folder_in_way;
  if (node != nullptr && git_oid_equal(&node->id, &blob) != 0) return Result::done;

  node = root_.get();
  for (std::string_view rest = path; !rest.empty();) {
    const auto [name, below] = first_part(rest);
    node->changed = true;
    auto& child = node->children[std::string(name)];
    if (!child) {
      child = std::make_unique<Node>();
      child->loaded = child->changed = true;
    }
    node = child.get();
    rest = below;
  }
  if (node->is_folder) node->mode = GIT_FILEMODE_BLOB;  // made just now
  node->is_folder = false;
  node->id = blob;
  return Result::done;
}

TreeEdit::Result TreeEdit::remove(std::string_view path) {
  if (path.empty() || find(path) == nullptr) return Result::missing;
  // git knows no empty folders: those that held nothing else go along.
  Node* holder = root_.get();
  std::string_view going;
  Node* node = holder;
  for (std::string_view rest = path; !rest.empty();) {
    const auto [name, below] = first_part(rest);
    if (going.empty() || node->children.size() > 1) {
      holder = node;
      going = name;
    }
    node->changed = true;
    node = node->children.find(name)->second.get();
    rest = below;
  }
  holder->children.erase(holder->children.find(going));
  return Result::done;
}

git_oid TreeEdit::write(Node& node) {
  if (!node.changed) return node.id;
  const auto builder = made<TreeBuilderHandle>("write a tree", git_treebuilder_new, repository_,
                                               static_cast<const git_tree*>(nullptr));
  for (auto& [name, child] : node.children) {
    const git_oid id = child->is_folder ? write(*child) : child->id;
    // git knows no empty folders.
    if (child->is_folder && child->loaded && child->children.empty()) continue;
    check(git_treebuilder_insert(nullptr, builder.get(), name.c_str(), &id, child->mode),
          "write a tree");
  }
  std::erase_if(node.children, [](const auto& entry) {
    return entry.second->is_folder && entry.second->loaded && entry.second->children.empty();
  });
  check(git_treebuilder_write(&node.id, builder.get()), "write a tree");
  node.changed = false;
  return node.id;
}

git_oid TreeEdit::write() { return write(*root_); }

}  // namespace torchhub::server::git
