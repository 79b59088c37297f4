#include "server/admin/fsck_run.h"
#include "server/repos/adopt.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace torchhub::server {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

void put_database_aside(const DataFolder& folder, const FsckOptions& options) {
  for (const char* end : {"-wal", "-shm", ""}) {
    const fs::path file = folder.database().string() + end;
    if (!fs::exists(file)) continue;
    move_to_trash(folder, file, file.filename().string(), options.clock->now(), options.durability);
  }
}

/// Links for what the repository's commits name, as far as it is in the store.
void link_objects(AdminHub& hub, const fs::path& folder, const std::string& id) {
  std::vector<LfsPointer> objects;
  try {
    for (const auto& [oid, use] :
         git::walk_reachable(hub.open(folder), git::Depth::pointers).pointers) {
      std::error_code missing;
      const std::uint64_t size = fs::file_size(hub.folder.object(oid), missing);
      if (!missing && size == use.object.size) objects.push_back(use.object);
    }
  } catch (const Error&) {
    return;  // the checks that follow say what is wrong with it
  }
  hub.repo_objects.link(id, objects);
}

void adopt(AdminHub& hub, const fs::path& folder) {
  const std::string id = id_of_folder(folder);
  const auto label = read_label(folder);
  if (id.empty() || !label || label->at("repo").value("id", "") != id) return;
  {
    auto connection = hub.database.lease();
    WriteTransaction transaction(*connection);
    std::size_t lost = 0;
    if (adopt_repo(*connection, *label, MissingAccount::make, lost)) return;
    transaction.commit();
  }
  link_objects(hub, folder, id);
}

}  // namespace

void rebuild_database(const fs::path& data_dir, const FsckOptions& options) {
  {
    const DataFolder folder(data_dir);
    put_database_aside(folder, options);
    const Database made(folder.database(), options.durability);
  }
  AdminHub hub(data_dir, options.durability, options.clock);
  for (const fs::path& folder : hub.repository_folders()) adopt(hub, folder);
}

void note_rebuild(FsckRun& run) {
  auto connection = run.hub.database.lease();
  Statement row = connection->prepare(
      "SELECT (SELECT count(*) FROM repo), count(*) FILTER (WHERE kind = 'user'), "
      "count(*) FILTER (WHERE kind = 'org') FROM account");
  row.step();
  run.note("rebuilt", "hub.db",
           fmt::format("The database was made anew: {} repositories, {} users, {} organisations. "
                       "Tokens, members of organisations and rights over the site are gone: give "
                       "them again with 'torchhub admin token create' and 'admin org add'. The old "
                       "database is in the trash.",
                       row.number(0), row.number(1), row.number(2)));
}

}  // namespace torchhub::server
