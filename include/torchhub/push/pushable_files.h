#pragma once

#include "torchhub/base/glob.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace torchhub {

/// By what a later look tells whether a file was written to.
struct FileStamp {
  std::uint64_t bytes = 0;
  std::filesystem::file_time_type changed = {};
  bool operator==(const FileStamp&) const = default;
};

/// By path relative to the folder, with `/`.
using FileStamps = std::map<std::string, FileStamp>;

/// The files below `folder` that `filter` takes, without what never goes to a Hub: git's and the
/// cache's own files, `_torchhub/`, unfinished writes, and Python's pickled `training_args.bin`,
/// which may hold a token. Links to files count as files; links to folders are not followed.
/// @throws InvalidArgumentError if it is no folder, FileError
FileStamps pushable_files(const std::filesystem::path& folder, const PathFilter& filter = {});

}  // namespace torchhub
