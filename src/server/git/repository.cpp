#include "server/git/repository.h"

#include "server/git/small_blobs.h"
#include "server/git/tree_walk.h"
#include "torchhub/base/utf8.h"

#include <algorithm>
#include <utility>

namespace torchhub::server::git {
namespace {

OdbHandle odb_of(git_repository* repository) {
  return made<OdbHandle>("open the objects", git_repository_odb, repository);
}

OdbObjectHandle read_object(git_odb& odb, const git_oid& oid) {
  return made<OdbObjectHandle>("read an object", git_odb_read, &odb, &oid);
}

std::string_view bytes_of(git_odb_object& object) {
  return {static_cast<const char*>(git_odb_object_data(&object)), git_odb_object_size(&object)};
}

std::string line_of(std::string_view text) {
  constexpr std::size_t kMaxCharacters = 1000;
  return std::string(first_characters(text.substr(0, text.find('\n')), kMaxCharacters));
}

CommitInfo describe_commit(git_commit& commit) {
  CommitInfo info{to_hex(*git_commit_id(&commit)), line_of(git_commit_message(&commit)),
                  line_of(git_commit_author(&commit)->name),
                  std::chrono::system_clock::from_time_t(git_commit_time(&commit))};
  for (unsigned i = 0; i < git_commit_parentcount(&commit); ++i) {
    info.parents.push_back(to_hex(*git_commit_parent_id(&commit, i)));
  }
  return info;
}

}  // namespace

RepositoryHandle Repository::open_handle(const std::filesystem::path& path,
                                         const std::filesystem::path& config) {
  start_library();
  RepositoryHandle opened =
      made<RepositoryHandle>("open a repository", git_repository_open_bare, path.c_str());
  const auto settings = made<ConfigHandle>("read settings", git_repository_config, opened.get());
  check(git_config_add_file_ondisk(settings.get(), config.c_str(), GIT_CONFIG_LEVEL_APP,
                                   opened.get(), 1),
        "read our settings");
  check(git_repository_set_ident(opened.get(), "torchhub", "torchhub@localhost"),
        "set the name in reflogs");
  return opened;
}

Repository::Repository(std::shared_ptr<git_repository> opened, std::filesystem::path path,
                       std::filesystem::path config, Durability durability)
    : path_(std::move(path)),
      config_path_(std::move(config)),
      durability_(durability),
      repository_(std::move(opened)) {}

void Repository::create(const std::filesystem::path& path) {
  start_library();
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
  options.initial_head = "main";
  const auto repository = made<RepositoryHandle>("create a repository", git_repository_init_ext,
                                                 path.c_str(), &options);
  const auto config = made<ConfigHandle>("read settings", git_repository_config, repository.get());
  for (const char* key :
       {"receive.fsckObjects", "transfer.fsckObjects", "receive.denyDeleteCurrent",
        "uploadpack.allowFilter", "uploadpack.allowReachableSHA1InWant"}) {
    check(git_config_set_bool(config.get(), key, 1), "write settings");
  }
  check(git_config_set_string(config.get(), "core.logAllRefUpdates", "always"), "write settings");
  check(git_config_set_int32(config.get(), "gc.auto", 0), "write settings");
}

CommitHandle Repository::find_commit(const std::string& commit) const {
  const git_oid oid = parse_oid(commit);
  return made<CommitHandle>("find a commit", git_commit_lookup, repository_.get(), &oid);
}

TreeHandle Repository::tree_of(const std::string& commit) const {
  return made<TreeHandle>("read a tree", git_commit_tree, find_commit(commit).get());
}

TreeHandle Repository::subtree(const std::string& commit, const std::string& folder) const {
  TreeHandle root = tree_of(commit);
  if (folder.empty()) return root;
  git_tree_entry* raw = nullptr;
  if (git_tree_entry_bypath(&raw, root.get(), folder.c_str()) != 0) return nullptr;
  const TreeEntryHandle entry(raw);
  if (git_tree_entry_type(entry.get()) != GIT_OBJECT_TREE) return nullptr;
  return made<TreeHandle>("read a tree", git_tree_lookup, repository_.get(),
                          git_tree_entry_id(entry.get()));
}

std::optional<Entry> Repository::entry(const std::string& commit, const std::string& path) const {
  git_tree_entry* raw = nullptr;
  if (path.empty() || git_tree_entry_bypath(&raw, tree_of(commit).get(), path.c_str()) != 0) {
    return std::nullopt;
  }
  const TreeEntryHandle found(raw);
  const OdbHandle odb = odb_of(repository_.get());
  Entry out = describe_entry(path, *found, *odb);
  // Once read it is remembered, and the next look at it opens no file.
  const bool is_blob = git_tree_entry_type(found.get()) == GIT_OBJECT_BLOB;
  if (is_blob && out.blob_size <= kSmallBlobBytes) {
    read_object(*odb, *git_tree_entry_id(found.get()));
  }
  return out;
}

std::string Repository::blob(const std::string& oid) const {
  const OdbHandle odb = odb_of(repository_.get());
  return std::string(bytes_of(*read_object(*odb, parse_oid(oid))));
}

std::optional<std::string> Repository::file(const std::string& commit, const std::string& path,
                                            std::uint64_t max_bytes) const {
  const auto found = entry(commit, path);
  if (!found || found->is_folder || found->blob_size > max_bytes) return std::nullopt;
  return blob(found->oid);
}

CommitInfo Repository::commit_info(const std::string& commit) const {
  return describe_commit(*find_commit(commit));
}

std::string Repository::commit_message(const std::string& commit, std::size_t max_bytes) const {
  const CommitHandle found = find_commit(commit);
  std::string_view text = git_commit_message(found.get());
  text.remove_prefix(std::min(text.find('\n'), text.size()));
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  text = text.substr(0, text.find_last_not_of('\n') + 1);
  return std::string(first_bytes(text, max_bytes));
}

}  // namespace torchhub::server::git
