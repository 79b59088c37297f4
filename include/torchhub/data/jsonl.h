#pragma once

#include "torchhub/data/record_file.h"

#include <filesystem>
#include <memory>

namespace torchhub {

/// A file of JSON objects, one a line; blank lines are skipped. Python's NaN and Infinity are
/// understood. Lines are looked for once, here, and parsed by get().
/// @throws FileError; DatasetError if the file is compressed or UTF-16
std::shared_ptr<const RecordFile> read_jsonl(const std::filesystem::path& path);

}  // namespace torchhub
