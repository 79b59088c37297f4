#include "staging_folder.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

namespace torchhub {
namespace fs = std::filesystem;

StagingFolder::StagingFolder(const fs::path& inside) : path_(inside / (".tmp-" + random_hex(8))) {
  make_folders(path_);
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;  // what stays is hidden, and the error that brought us here matters more
  fs::remove_all(path_, ignored);
}

void StagingFolder::release(const std::string& file_name, const fs::path& folder) const {
  std::error_code failed;
  fs::rename(path_ / file_name, folder / file_name, failed);
  if (failed) throw_file_error("rename a new file to", folder / file_name, failed.value());
}

}  // namespace torchhub
