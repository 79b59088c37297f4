// The refs of a Repository: what a revision stands for, and how refs are made, moved and removed.
#include "server/git/ref_move.h"
#include "server/git/ref_rules.h"
#include "server/git/repository.h"
#include "server/store/data_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/wire/repo.h"

#include <algorithm>
#include <cctype>

namespace torchhub::server::git {
namespace {

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

}  // namespace

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

}  // namespace torchhub::server::git
