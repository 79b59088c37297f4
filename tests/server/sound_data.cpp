#include "server/sound_data.h"

#include "server/store/database.h"
#include "support/child_process.h"
#include "torchhub/server/fsck.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

namespace fs = std::filesystem;

std::vector<fs::path> repositories(const fs::path& data) {
  std::vector<fs::path> out;
  for (const auto& group : fs::directory_iterator(data / "repos")) {
    for (const auto& entry : fs::directory_iterator(group)) out.push_back(entry.path());
  }
  return out;
}

void expect_clean(const fs::path& data) {
  for (const fs::path& repository : repositories(data)) {
    const Finished fsck = run(
        {"git", "-c", "safe.directory=*", "-C", repository.string(), "fsck", "--strict", "--full"});
    EXPECT_EQ(fsck.exit_code, 0) << fsck.output << fsck.errors;
  }
  EXPECT_TRUE(fs::is_empty(data / "incoming"));
  for (const FsckFinding& finding : check_hub(data, {.deep = true}).findings) {
    EXPECT_FALSE(finding.problem) << finding.where << ": " << finding.text;
  }
  server::Database database(data / "hub.db", Durability::relaxed);
  for (const auto& entry : fs::directory_iterator(data / "xet")) {
    auto connection = database.lease();
    server::Statement row =
        connection->prepare("SELECT 1 FROM xet_xorb WHERE hash = ? AND kept = 1");
    EXPECT_TRUE(row.bind(entry.path().filename().string()).step()) << entry.path();
  }
}

}  // namespace torchhub::testing
