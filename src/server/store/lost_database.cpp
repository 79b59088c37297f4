#include "server/store/lost_database.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

namespace torchhub::server {

namespace fs = std::filesystem;

void refuse_lost_database(const DataFolder& folder) {
  if (fs::exists(folder.database()) || fs::is_empty(folder.root() / "repos")) return;
  throw Error(fmt::format(
      "'{}' is missing, but there are repositories. Put it back from a backup, or have 'torchhub "
      "admin fsck --rebuild' make a new one from them.",
      folder.database().string()));
}

}  // namespace torchhub::server
