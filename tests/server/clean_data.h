#pragma once

#include "support/child_process.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace torchhub::testing {

/// Every repository of a data folder passes `git fsck`, and no upload lies about.
inline void expect_clean(const std::filesystem::path& data) {
  namespace fs = std::filesystem;
  for (const auto& group : fs::directory_iterator(data / "repos")) {
    for (const auto& repository : fs::directory_iterator(group)) {
      const Finished fsck = run({"git", "-c", "safe.directory=*", "-C", repository.path().string(),
                                 "fsck", "--strict", "--full"});
      EXPECT_EQ(fsck.exit_code, 0) << fsck.output << fsck.errors;
    }
  }
  EXPECT_TRUE(fs::is_empty(data / "incoming"));
}

}  // namespace torchhub::testing
