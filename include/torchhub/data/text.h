#pragma once

#include "torchhub/data/record_file.h"

#include <filesystem>
#include <memory>

namespace torchhub {

/// What one record of a text file is (HF datasets' `sample_by`).
enum class SampleBy {
  line,       ///< A line without its end; blank ones are records too.
  paragraph,  ///< What lies between blank lines; empty ones are none.
  document,   ///< The whole file. An empty one has no record.
};

/// A UTF-8 file as records `{"text": ...}`. Line ends of any kind are one "\n" in it.
/// @throws FileError; DatasetError if the file is compressed, UTF-16, or not UTF-8 (with the line)
std::shared_ptr<const RecordFile> read_text(const std::filesystem::path& path,
                                            SampleBy sample_by = SampleBy::line);

}  // namespace torchhub
