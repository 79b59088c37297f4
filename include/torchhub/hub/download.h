#pragma once

#include "torchhub/base/glob.h"
#include "torchhub/hub/progress.h"
#include "torchhub/wire/repo.h"

#include <string>

namespace torchhub {

struct DownloadOptions {
  /// Branch, tag, full or short commit hash, `refs/pr/N`.
  std::string revision = std::string(kDefaultRevision);
  std::string subfolder = {};     ///< Put before the file's name.
  bool force_download = false;    ///< Even if the cache has it.
  bool local_files_only = false;  ///< Take it from the cache or throw LocalEntryNotFoundError.
  TransferProgressFn progress = {};
};

struct SnapshotOptions {
  std::string revision = std::string(kDefaultRevision);
  PathFilter filter = {};  ///< Which files of the repository to take.
  bool force_download = false;
  bool local_files_only = false;
  TransferProgressFn progress = {};
};

}  // namespace torchhub
