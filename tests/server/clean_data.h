#pragma once

#include "server/store/database.h"
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
  server::Database database(data / "hub.db", Durability::relaxed);
  for (const auto& entry : fs::directory_iterator(data / "xet")) {
    auto connection = database.lease();
    server::Statement row =
        connection->prepare("SELECT 1 FROM xet_xorb WHERE hash = ? AND kept = 1");
    EXPECT_TRUE(row.bind(entry.path().filename().string()).step()) << entry.path();
  }
}

}  // namespace torchhub::testing
