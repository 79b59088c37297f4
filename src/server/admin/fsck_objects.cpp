#include "server/admin/fsck_run.h"
#include "server/repos/trash.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// @return false if the bytes are not those of the name
bool check_bytes(FsckRun& run, const fs::path& file, const std::string& oid) {
  const std::string hash = sha256_hex_of_file(file);
  if (hash == oid) return true;
  FsckFinding& finding =
      run.problem("object_damaged", "object " + oid,
                  fmt::format("Its bytes have the SHA-256 {}. Once it is out of the way, a push of "
                              "the same file brings it back.",
                              hash));
  run.put_away(finding, file);
  return false;
}

/// How many objects have no link, and so no reader.
void note_unlinked(FsckRun& run, const StoredObjects& stored) {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  auto connection = run.hub.database.lease();
  for (const auto& [oid, size] : stored) {
    Statement link = connection->prepare("SELECT 1 FROM repo_lfs WHERE oid = ? LIMIT 1");
    if (link.bind(oid).step() || run.hub.offers.has_any(oid)) continue;
    ++count;
    bytes += size;
  }
  if (count == 0) return;
  run.note("objects_unlinked", "lfs",
           fmt::format("{} objects of {} bytes belong to no repository; 'admin gc' tells more.",
                       count, bytes));
}

}  // namespace

StoredObjects check_object_files(FsckRun& run) {
  StoredObjects stored;
  for (const fs::path& file : run.hub.object_files()) {
    std::error_code gone;
    const std::string oid = file.filename().string();
    if (!is_lfs_oid(oid) || run.hub.folder.object(oid) != file ||
        !fs::is_regular_file(file, gone)) {
      if (gone) continue;  // collected meanwhile
      FsckFinding& finding = run.note("no_object", file.string(), "This is no LFS object.");
      run.put_away(finding, file);
      continue;
    }
    const std::uint64_t size = fs::file_size(file, gone);
    if (gone) continue;
    if (run.options.deep && !check_bytes(run, file, oid)) {
      if (run.options.repair) continue;
    }
    stored[oid] = size;
    ++run.report.objects;
    run.report.object_bytes += size;
  }
  note_unlinked(run, stored);
  return stored;
}

}  // namespace torchhub::server
