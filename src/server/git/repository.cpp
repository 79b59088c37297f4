#include "server/git/repository.h"

#include "server/git/ref_move.h"
#include "server/git/ref_rules.h"
#include "server/git/tree_walk.h"
#include "server/store/data_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace torchhub::server::git {
namespace {

using OdbObjectHandle = std::unique_ptr<git_odb_object, Release<&git_odb_object_free>>;

constexpr std::size_t kShortestId = 7;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
  });
}

/// refs/heads/x, refs/tags/x, refs/pr/x, refs/convert/x: what may be asked for by full name.
bool is_public_ref(std::string_view name) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

OdbHandle odb_of(git_repository* repository) {
  return made<OdbHandle>("open the objects", git_repository_odb, repository);
}

OdbObjectHandle read_object(git_odb& odb, const git_oid& oid) {
  return made<OdbObjectHandle>("read an object", git_odb_read, &odb, &oid);
}

std::string_view bytes_of(git_odb_object& object) {
  return {static_cast<const char*>(git_odb_object_data(&object)), git_odb_object_size(&object)};
}

/// libgit2 flushes a ref and its folder, but not the folders that it made on the way there.
void sync_folders_of(const std::filesystem::path& repository, const std::string& ref,
                     Durability durability) {
  if (durability != Durability::full) return;
  for (std::filesystem::path folder = std::filesystem::path(ref).parent_path(); !folder.empty();
       folder = folder.parent_path()) {
    sync_folder(repository / folder);
    sync_folder(repository / "logs" / folder);
  }
}

/// libgit2 takes folders along that a removed ref leaves empty, so what is to be flushed is the
/// first that is still there.
void sync_what_holds(std::filesystem::path folder, Durability durability) {
  if (durability != Durability::full) return;
  std::error_code ignored;
  while (!std::filesystem::is_directory(folder, ignored)) folder = folder.parent_path();
  sync_folder(folder);
}

/// "a/b/c" to "a/b" and "c".
std::pair<std::string, std::string> split_last(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_same(const TreeHandle& a, const TreeHandle& b) {
  if (!a || !b) return !a && !b;
  return git_oid_equal(git_tree_id(a.get()), git_tree_id(b.get())) != 0;
}

/// Of what a folder has by that name; empty if there is nothing, or no folder.
std::string id_in(const TreeHandle& tree, const std::string& name) {
  const git_tree_entry* entry = tree ? git_tree_entry_byname(tree.get(), name.c_str()) : nullptr;
  return entry != nullptr ? to_hex(*git_tree_entry_id(entry)) : "";
}

CommitInfo describe_commit(git_commit& commit) {
  const std::string text = git_commit_message(&commit);
  const std::size_t line = std::min(text.find('\n'), text.size());
  std::string rest = text.substr(line);
  rest.erase(0, std::min(rest.find_first_not_of('\n'), rest.size()));
  while (rest.ends_with('\n')) rest.pop_back();
  CommitInfo info{to_hex(*git_commit_id(&commit)), text.substr(0, line), std::move(rest),
                  git_commit_author(&commit)->name,
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

bool Repository::is_valid_ref_name(const std::string& ref) {
  // libgit2 would read up to the NUL, and it takes DEL, which git does not (refs.c).
  constexpr std::string_view kRefused("\0\x7f", 2);
  if (ref.find_first_of(kRefused) != std::string::npos) return false;
  int valid = 0;
  return git_reference_name_is_valid(&valid, ref.c_str()) == 0 && valid == 1;
}

std::optional<std::string> Repository::ref_target(const std::string& ref) const {
  if (!is_valid_ref_name(ref) || is_too_long_for_ref(ref)) return std::nullopt;
  git_reference* raw = nullptr;
  const int code = git_reference_lookup(&raw, repository_.get(), ref.c_str());
  if (code == GIT_ENOTFOUND) return std::nullopt;
  check(code, "look up a ref");
  const ReferenceHandle reference(raw);
  git_object* commit = nullptr;
  // A tag may stand for a tree or a blob; that is no revision.
  if (git_reference_peel(&commit, reference.get(), GIT_OBJECT_COMMIT) != 0) return std::nullopt;
  return to_hex(*git_object_id(ObjectHandle(commit).get()));
}

std::optional<std::string> Repository::ref_in_way(const std::string& ref) const {
  const auto iterator =
      made<ReferenceIteratorHandle>("list refs", git_reference_iterator_new, repository_.get());
  const char* raw = nullptr;
  while (git_reference_next_name(&raw, iterator.get()) == 0) {
    const std::string name = raw;
    if (name.starts_with(ref + "/") || ref.starts_with(name + "/")) return name;
  }
  return std::nullopt;
}

std::optional<std::string> Repository::commit_of(const std::string& id) const {
  if (id.size() < kShortestId || id.size() > GIT_OID_HEXSZ || !is_hex(id)) return std::nullopt;
  git_oid oid{};
  check(git_oid_fromstrn(&oid, id.data(), id.size()), "read an id");
  git_commit* commit = nullptr;
  if (git_commit_lookup_prefix(&commit, repository_.get(), &oid, id.size()) != 0) {
    return std::nullopt;
  }
  return to_hex(*git_commit_id(CommitHandle(commit).get()));
}

std::optional<std::string> Repository::resolve(std::string_view revision) const {
  const std::string name(revision);
  if (name == "HEAD") return ref_target("refs/heads/main");
  if (is_commit_hash(name)) {
    if (auto commit = commit_of(name)) return commit;
  }
  if (is_public_ref(name)) {
    if (auto commit = ref_target(name)) return commit;
  }
  if (auto commit = ref_target("refs/heads/" + name)) return commit;
  if (auto commit = ref_target("refs/tags/" + name)) return commit;
  return commit_of(name);
}

std::string Repository::ref_id(const std::string& ref) const {
  git_oid id;
  const int code = git_reference_name_to_id(&id, repository_.get(), ref.c_str());
  if (code == GIT_ENOTFOUND) return {};
  check(code, "look up a ref");
  return to_hex(id);
}

std::vector<Ref> Repository::refs() const {
  std::vector<Ref> out;
  const auto iterator =
      made<ReferenceIteratorHandle>("list refs", git_reference_iterator_new, repository_.get());
  const char* name = nullptr;
  while (git_reference_next_name(&name, iterator.get()) == 0) {
    if (auto commit = ref_target(name)) out.push_back({name, *commit});
  }
  std::sort(out.begin(), out.end(), [](const Ref& a, const Ref& b) { return a.name < b.name; });
  return out;
}

RefIds Repository::ref_ids() const {
  RefIds out;
  const auto iterator =
      made<ReferenceIteratorHandle>("list refs", git_reference_iterator_new, repository_.get());
  git_reference* raw = nullptr;
  while (git_reference_next(&raw, iterator.get()) == 0) {
    const ReferenceHandle reference(raw);
    if (const git_oid* id = git_reference_target(raw)) out[git_reference_name(raw)] = to_hex(*id);
  }
  return out;
}

bool Repository::move_ref(const std::string& ref, const std::string& expected,
                          const std::string& target, const std::string& log_message) {
  if (expected.empty()) return create_ref(ref, target, log_message);
  auto move = RefMove::prepare(*this, ref, expected, target, log_message);
  if (!move) return false;
  if (durability_ == Durability::full) sync_file(move->file());
  move->commit();
  return true;
}

bool Repository::create_ref(const std::string& ref, const std::string& target,
                            const std::string& log_message) {
  const git_oid to = parse_oid(target);
  git_reference* raw = nullptr;
  const int code =
      git_reference_create(&raw, repository_.get(), ref.c_str(), &to, 0, log_message.c_str());
  const ReferenceHandle reference(raw);
  // ELOCKED: another process writes this very ref now, as a push would.
  if (code == GIT_EEXISTS || code == GIT_ELOCKED) return false;
  check(code, "create a ref");
  sync_folders_of(path_, ref, durability_);
  return true;
}

void Repository::delete_ref(const std::string& ref) {
  check(git_reference_remove(repository_.get(), ref.c_str()), "delete a ref");
  sync_what_holds(path_ / std::filesystem::path(ref).parent_path(), durability_);
  sync_what_holds(path_ / "logs" / std::filesystem::path(ref).parent_path(), durability_);
}

std::string Repository::create_tag_object(const std::string& name, const std::string& commit,
                                          const std::string& message, const git_signature& tagger) {
  const CommitHandle target = find_commit(commit);
  git_oid oid;
  check(git_tag_annotation_create(&oid, repository_.get(), name.c_str(),
                                  reinterpret_cast<git_object*>(target.get()), &tagger,
                                  message.c_str()),
        "create a tag");
  // libgit2 flushes the object and its folder, but not what holds that folder if it is new.
  sync_what_holds(path_ / "objects", durability_);
  return to_hex(oid);
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
  const TreeEntryHandle entry(raw);
  return describe_entry(path, *entry, *odb_of(repository_.get()));
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

std::vector<CommitInfo> Repository::last_changes(const std::string& commit,
                                                 const std::vector<std::string>& paths) const {
  std::vector<CommitInfo> out(paths.size());
  // By folder, since most commits leave most folders alone.
  struct Folder {
    TreeHandle now;
    std::vector<std::size_t> places = {};
  };
  std::map<std::string, Folder> open;
  for (std::size_t i = 0; i < paths.size(); ++i)
    open[split_last(paths[i]).first].places.push_back(i);
  for (auto& [path, folder] : open) folder.now = subtree(commit, path);
  for (CommitInfo info = commit_info(commit);; info = commit_info(info.parents.front())) {
    const bool first = info.parents.empty();
    for (auto& [path, folder] : open) {
      TreeHandle before = first ? nullptr : subtree(info.parents.front(), path);
      if (!is_same(folder.now, before)) {
        std::erase_if(folder.places, [&, &now = folder.now](std::size_t place) {
          const std::string name = split_last(paths[place]).second;
          const bool changed = id_in(now, name) != id_in(before, name);
          if (changed) out[place] = info;
          return changed;
        });
      }
      folder.now = std::move(before);
    }
    std::erase_if(open, [](const auto& entry) { return entry.second.places.empty(); });
    if (open.empty() || first) return out;
  }
}

}  // namespace torchhub::server::git
