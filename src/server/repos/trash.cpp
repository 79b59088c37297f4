#include "server/repos/trash.h"

#include "server/repos/repo_label.h"
#include "server/store/repo_guard.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>

namespace torchhub::server {

namespace fs = std::filesystem;

fs::path trash_of(const DataFolder& folder, TimePoint now) {
  const fs::path trash = folder.trash() / to_rfc3339(now).substr(0, 10);
  make_folders(trash);
  return trash;
}

fs::path move_to_trash(const DataFolder& folder, const fs::path& path, const std::string& name,
                       TimePoint now, Durability durability) {
  const fs::path trash = trash_of(folder, now);
  fs::path place = trash / name;
  if (fs::exists(fs::symlink_status(place))) place += "." + random_hex(4);
  if (::rename(path.c_str(), place.c_str()) != 0)
    throw_file_error("move to the trash", path, errno);
  for (const fs::path& changed : {trash, folder.trash(), path.parent_path()}) {
    sync_folder_if(durability, changed);
  }
  return place;
}

void move_repo_to_trash(Database& database, const DataFolder& folder, const std::string& id,
                        TimePoint now, Durability durability) {
  const fs::path place = folder.repository(id);
  const auto guard = RepoGuard::alone(place);
  if (!guard) return;  // an earlier try came so far
  {
    auto connection = database.lease();
    write_file_atomically(label_of(place), make_whole_label(*connection, id).dump(1) + "\n");
  }
  move_to_trash(folder, place, id + ".git", now, durability);
}

void remove_repo_folder(const DataFolder& folder, const std::string& id) {
  const fs::path place = folder.repository(id);
  const auto guard = RepoGuard::alone(place);
  if (guard) fs::remove_all(place);
}

std::optional<fs::path> find_in_trash(const DataFolder& folder, const std::string& name) {
  std::optional<fs::path> newest;
  for (const auto& day : fs::directory_iterator(folder.trash())) {
    const fs::path place = day.path() / name;
    if (fs::exists(place) && (!newest || *newest < place)) newest = place;
  }
  return newest;
}

void move_out_of_trash(const fs::path& from, const fs::path& to, Durability durability) {
  remove_git_locks(from);  // those of writers that were killed
  make_folders(to.parent_path());
  if (::rename(from.c_str(), to.c_str()) != 0) throw_file_error("bring back", from, errno);
  sync_folder_if(durability, to.parent_path());
  sync_folder_if(durability, to.parent_path().parent_path());
}

bool bring_object_back(const DataFolder& folder, const std::string& oid, Durability durability) {
  const auto trashed = find_in_trash(folder, oid);
  if (!trashed || sha256_hex_of_file(*trashed) != oid) return false;
  move_out_of_trash(*trashed, folder.object(oid), durability);
  return true;
}

}  // namespace torchhub::server
