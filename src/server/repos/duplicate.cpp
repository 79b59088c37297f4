#include "server/repos/duplicate.h"

#include "server/git/handles.h"
#include "server/store/object_guard.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

bool is_copied(const std::string& ref) {
  return ref.starts_with("refs/heads/") || ref.starts_with("refs/tags/") ||
         ref.starts_with("refs/convert/");
}

void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error && error != std::errc::file_exists) fs::copy_file(from, to);
}

/// Loose objects and packs; not what a writer has only begun.
void copy_objects(const fs::path& from, const fs::path& to) {
  for (const auto& folder : fs::directory_iterator(from)) {
    const std::string name = folder.path().filename();
    if (!folder.is_directory() || (name.size() != 2 && name != "pack")) continue;
    fs::create_directories(to / name);
    for (const auto& file : fs::directory_iterator(folder.path())) {
      const std::string file_name = file.path().filename();
      if (file_name.starts_with("tmp_") || file_name.find('.') == 0) continue;
      link_or_copy(file.path(), to / name / file_name);
    }
  }
}

void fill(const git::Repository& source, git::Repository& copy) {
  // Refs first: what they name is on disk by then, whatever is written meanwhile.
  const git::RefIds refs = source.ref_ids();  // a tag object's own id, too
  copy_objects(source.path() / "objects", copy.path() / "objects");
  const git::Repository filled = copy.reopened();  // sees the packs
  for (const auto& [name, id] : refs) {
    if (!is_copied(name)) continue;
    const git_oid target = git::parse_oid(id);
    git_reference* raw = nullptr;
    git::check(git_reference_create(&raw, filled.handle(), name.c_str(), &target, 0, "duplicated"),
               "create a ref");
    git_reference_free(raw);
  }
}

}  // namespace

std::optional<RepoRow> duplicate_repo(HubState& hub, const RepoRow& source, const NewRepo& wanted,
                                      const Account& creator) {
  NewRepo copy_wanted = wanted;
  copy_wanted.copied_from = source.repo().web_path();
  return make_filled_repo(
      hub, copy_wanted, creator, [&](git::Repository& copy, const RepoRow& row) {
        const auto guard = ObjectGuard::shared(hub.folder.root());  // as the refs, so the links
        fill(hub.open(source), copy);
        hub.repo_objects.link_all(source.id, row.id);
      });
}

}  // namespace torchhub::server
