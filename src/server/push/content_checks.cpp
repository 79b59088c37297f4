#include "server/push/content_checks.h"

#include "server/push/refusal.h"
#include "server/push/tree_shape.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 20;  // of a commit, or of a tag
constexpr std::uint64_t kMaxFolderBytes = std::uint64_t{32} << 20;
constexpr std::uint64_t kMaxFoldersBytes = std::uint64_t{256} << 20;

enum class Trouble { path, large_file, pointer, link, submodule, text, folder, unreadable };

struct Words {
  std::string_view reason;
  std::string_view sentence;
};

Words words_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::path:
      return {"bad paths", "Your push was rejected because of paths that cannot be:"};
    case Trouble::large_file:
      return {"large files belong in git-lfs",
              "Your push was rejected because it has files that are too large to be kept in git. "
              "Use git-lfs for them ('git lfs migrate import --include=...' rewrites the "
              "commits), then push again:"};
    case Trouble::pointer:
      return {"LFS objects are missing",
              "Your push was rejected because an LFS pointer pointed to a file that does not exist "
              "here. Send it first ('git lfs push --all origin BRANCH'), then push again:"};
    case Trouble::link:
      return {"symbolic links lead outside",
              "Your push was rejected because of symbolic links that lead out of the repository:"};
    case Trouble::submodule:
      return {"submodules are not taken",
              "Your push was rejected because it has submodules. A repository here holds all of "
              "its files itself:"};
    case Trouble::text:
      return {"message too long",
              "Your push was rejected because of commits or tags with a message that is too long:"};
    case Trouble::folder:
      return {"folders too large",
              "Your push was rejected because of folders with too many files:"};
    case Trouble::unreadable:
      return {"objects cannot be read",
              "Your push was rejected because of objects that cannot be read here:"};
  }
  return {};
}

class Troubles {
 public:
  void add(Trouble trouble, std::string what) {
    std::vector<std::string>& list = found_[trouble];
    ++counts_[trouble];
    if (what.size() > kMaxBytes) what = what.substr(0, kMaxBytes) + "...";
    if (list.size() < kMaxListed) list.push_back(std::move(what));
  }

  void throw_if_any() const {
    if (found_.empty()) return;
    std::vector<std::string> lines;
    for (const auto& [trouble, list] : found_) {
      lines.emplace_back(words_of(trouble).sentence);
      for (const std::string& what : list) lines.push_back("  " + what);
      const std::size_t more = counts_.at(trouble) - list.size();
      if (more > 0) lines.push_back(fmt::format("  and {} more", more));
    }
    throw Refusal(std::string(words_of(found_.begin()->first).reason), std::move(lines));
  }

 private:
  static constexpr std::size_t kMaxListed = 20;
  static constexpr std::size_t kMaxBytes = 1500;
  std::map<Trouble, std::vector<std::string>> found_ = {};
  std::map<Trouble, std::size_t> counts_ = {};
};

class ContentChecks {
 public:
  ContentChecks(const HubState& hub, const RepoRow& repo, git::Repository& view)
      : hub_(hub),
        repo_(repo),
        view_(view.handle()),
        odb_(git::made<git::OdbHandle>("open the objects", git_repository_odb, view_)),
        shapes_(view_) {}

  void run(const std::vector<PushedObject>& objects) {
    std::vector<const PushedObject*> trees;
    std::vector<const PushedObject*> commits;
    for (const PushedObject& object : objects) {
      std::size_t size = 0;
      git_object_t type = GIT_OBJECT_INVALID;
      git::check(git_odb_read_header(&size, &type, odb_.get(), &object.id), "read a size");
      if (type == GIT_OBJECT_BLOB) check_blob(object, size);
      if (type == GIT_OBJECT_TREE) check_size_of_tree(object, size);
      if (type == GIT_OBJECT_TREE) trees.push_back(&object);
      if (type == GIT_OBJECT_COMMIT) commits.push_back(&object);
      if (type == GIT_OBJECT_COMMIT || type == GIT_OBJECT_TAG) check_size_of_text(object, size);
    }
    troubles_.throw_if_any();  // what is too large is not read
    for (const PushedObject* tree : trees) read(*tree, &ContentChecks::check_tree);
    troubles_.throw_if_any();  // what follows is of good names
    for (const PushedObject* commit : commits) read(*commit, &ContentChecks::check_commit);
    troubles_.throw_if_any();
  }

 private:
  static std::string name_of(const PushedObject& object) {
    return object.path.empty() ? git::to_hex(object.id) : object.path;
  }

  /// libgit2 does not read all that git does, and what it does not read nobody can be shown.
  void read(const PushedObject& object, void (ContentChecks::*check)(const PushedObject&)) {
    try {
      (this->*check)(object);
    } catch (const git::GitError& error) {
      troubles_.add(Trouble::unreadable, fmt::format("{}: {}", name_of(object), error.what()));
    }
  }

  void check_blob(const PushedObject& object, std::size_t size) {
    if (size > hub_.options.max_regular_bytes) {
      troubles_.add(Trouble::large_file,
                    fmt::format("{} ({} bytes; {} are possible)", name_of(object), size,
                                hub_.options.max_regular_bytes));
      return;
    }
    if (size >= LfsPointer::kMaxBytes) return;
    const auto blob = git::made<git::BlobHandle>("read a file", git_blob_lookup, view_, &object.id);
    const auto pointer =
        LfsPointer::parse({static_cast<const char*>(git_blob_rawcontent(blob.get())), size});
    if (!pointer || hub_.repo_objects.linked_size(repo_.id, pointer->oid) == pointer->size) return;
    troubles_.add(Trouble::pointer, fmt::format("{} (oid {}, {} bytes)", name_of(object),
                                                pointer->oid, pointer->size));
  }

  void check_size_of_text(const PushedObject& object, std::size_t size) {
    if (size > kMaxTextBytes) {
      troubles_.add(Trouble::text, fmt::format("{} ({} bytes)", git::to_hex(object.id), size));
    }
  }

  void check_size_of_tree(const PushedObject& object, std::size_t size) {
    folders_bytes_ += size;
    if (size > kMaxFolderBytes) {
      troubles_.add(Trouble::folder, fmt::format("{} ({} bytes)", name_of(object), size));
    } else if (folders_bytes_ > kMaxFoldersBytes) {
      troubles_.add(Trouble::folder, fmt::format("{}, and all before it", name_of(object)));
    }
  }

  void check_tree(const PushedObject& object) {
    const auto tree = git::made<git::TreeHandle>("read a tree", git_tree_lookup, view_, &object.id);
    const std::string prefix = object.path.empty() ? "" : object.path + "/";
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      const git_tree_entry& entry = *git_tree_entry_byindex(tree.get(), i);
      const std::string name = git_tree_entry_name(&entry);
      if (const auto problem = problem_of_repo_path(name)) {
        troubles_.add(Trouble::path, fmt::format("{}{}: {}", prefix, name, *problem));
      }
      if (git_tree_entry_type(&entry) == GIT_OBJECT_COMMIT) {
        troubles_.add(Trouble::submodule, prefix + name);
      }
      if (git_tree_entry_filemode(&entry) == GIT_FILEMODE_LINK) check_link(prefix + name, entry);
    }
  }

  void check_link(const std::string& path, const git_tree_entry& entry) {
    const auto target = read_link(view_, *git_tree_entry_id(&entry));
    const auto problem = target ? problem_of_link(*target) : "its target is too long";
    if (problem) troubles_.add(Trouble::link, fmt::format("{}: {}", path, *problem));
  }

  void check_commit(const PushedObject& object) {
    const auto commit =
        git::made<git::CommitHandle>("read a commit", git_commit_lookup, view_, &object.id);
    const TreeShape& shape = shapes_.of(*git_commit_tree_id(commit.get()));
    const std::string id = git::to_hex(object.id).substr(0, 10);
    if (shape.bytes > kMaxPathBytes) {
      troubles_.add(Trouble::path, fmt::format("commit {} has one of {} bytes; {} are possible", id,
                                               shape.bytes, kMaxPathBytes));
    }
    if (shape.climbs > 0) {
      troubles_.add(
          Trouble::link,
          fmt::format("{} (commit {}): it points outside of the repository", shape.link, id));
    }
  }

  const HubState& hub_;
  const RepoRow& repo_;
  git_repository* view_;
  git::OdbHandle odb_;
  TreeShapes shapes_;
  Troubles troubles_;
  std::uint64_t folders_bytes_ = 0;
};

}  // namespace

void check_contents(const HubState& hub, const RepoRow& repo, git::Repository& view,
                    const std::vector<PushedObject>& objects) {
  ContentChecks(hub, repo, view).run(objects);
}

}  // namespace torchhub::server
