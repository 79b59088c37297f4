#pragma once

#include "support/temp_dir.h"

#include <filesystem>

namespace torchhub::testing {

/// A file system of 256 KiB, for tests of a full disk. Mounting needs root: a test that finds
/// mounted() false skips, and says so.
class SmallDisk {
 public:
  SmallDisk();
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::filesystem::path& path() const { return dir_.path(); }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return dir_ / name; }

 private:
  TempDir dir_;
  bool mounted_;
};

}  // namespace torchhub::testing
