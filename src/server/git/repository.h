#pragma once

#include "server/git/handles.h"
#include "torchhub/server/options.h"
#include "torchhub/wire/lfs_pointer.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server::git {

/// Refs by name, and the id that each holds.
using RefIds = std::map<std::string, std::string>;

struct Ref {
  std::string name;    ///< "refs/heads/main"
  std::string commit;  ///< Tags peeled.
};

/// A file or folder of some commit.
struct Entry {
  std::string path;
  bool is_folder = false;
  std::string oid;         ///< Of the blob or tree in git.
  std::uint64_t size = 0;  ///< Of the content: an LFS object's own size. 0 for folders.
  std::optional<LfsPointer> lfs = std::nullopt;
  std::uint64_t blob_size = 0;  ///< Of what lies in git.
};

/// Whoever may push chooses the texts, so they are cut: lists hold many.
struct CommitInfo {
  std::string id;
  std::string title;   ///< At most 1,000 characters, as commits by the API have.
  std::string author;  ///< The same.
  std::chrono::system_clock::time_point time = {};
  std::vector<std::string> parents = {};
};

/// A bare repository, opened for one request: not for use by several threads at once.
class Repository {
 public:
  /// @param config settings of ours that win over the repository's own
  /// @throws GitError
  Repository(const std::filesystem::path& path, const std::filesystem::path& config,
             Durability durability)
      : Repository(open_handle(path, config), path, config, durability) {}
  /// One that open_handle() has opened.
  Repository(std::shared_ptr<git_repository> opened, std::filesystem::path path,
             std::filesystem::path config, Durability durability);
  static RepositoryHandle open_handle(const std::filesystem::path& path,
                                      const std::filesystem::path& config);
  /// The same repository once more.
  Repository reopened() const { return {path_, config_path_, durability_}; }

  /// A fresh bare repository with `main` as its (still missing) branch.
  static void create(const std::filesystem::path& path);

  /// The commit that a branch, tag, `refs/...`, full or short (7+) commit id or HEAD stands for.
  /// A full id means that commit, whatever branches there are: answers that name one are kept for
  /// ever. Else branches win over tags, tags over short ids. Never reads an expression.
  std::optional<std::string> resolve(std::string_view revision) const;
  /// The commit of "refs/heads/x", or nothing.
  std::optional<std::string> ref_target(const std::string& ref) const;
  /// What a ref holds: a tag's own object where it has one. Empty if there is no such ref.
  std::string ref_id(const std::string& ref) const;
  /// Every ref, by name.
  std::vector<Ref> refs() const;
  /// Every ref with the id it holds: that of a tag's own object where it has one.
  RefIds ref_ids() const;
  static bool is_valid_ref_name(const std::string& ref);
  /// A ref that keeps `ref` from being made, since refs are files and folders to git:
  /// "refs/heads/a" for "refs/heads/a/b", and the reverse.
  std::optional<std::string> ref_in_way(const std::string& ref) const;

  /// Creates the ref, or moves it if it still is at `expected`. `expected` empty: it must not
  /// exist. @return false if somebody was faster
  bool move_ref(const std::string& ref, const std::string& expected, const std::string& target,
                const std::string& log_message);
  void delete_ref(const std::string& ref);

  std::optional<Entry> entry(const std::string& commit, const std::string& path) const;
  std::string blob(const std::string& oid) const;
  /// Content of a file, or nothing if it is not there or has more than `max_bytes`.
  std::optional<std::string> file(const std::string& commit, const std::string& path,
                                  std::uint64_t max_bytes) const;

  CommitInfo commit_info(const std::string& commit) const;
  /// What follows its title, cut to `max_bytes`.
  std::string commit_message(const std::string& commit, std::size_t max_bytes) const;

  /// @throws GitError
  CommitHandle find_commit(const std::string& commit) const;
  git_repository* handle() const { return repository_.get(); }
  const std::filesystem::path& path() const { return path_; }
  Durability durability() const { return durability_; }

  TreeHandle tree_of(const std::string& commit) const;
  /// The tree at `folder`, or null.
  TreeHandle subtree(const std::string& commit, const std::string& folder) const;

 private:
  bool create_ref(const std::string& ref, const std::string& target,
                  const std::string& log_message);
  /// A commit by its full or short id.
  std::optional<std::string> commit_of(const std::string& id) const;

  std::filesystem::path path_;
  std::filesystem::path config_path_;
  Durability durability_;
  std::shared_ptr<git_repository> repository_;
};

}  // namespace torchhub::server::git
