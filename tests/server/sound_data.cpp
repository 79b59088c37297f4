#include "server/sound_data.h"

#include "server/data_layout.h"
#include "server/store/database.h"
#include "torchhub/server/fsck.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

namespace fs = std::filesystem;

void expect_sound_repositories(const fs::path& data,
                               const std::vector<std::string>& more_arguments) {
  std::vector<std::string> arguments = {"fsck", "--strict", "--full"};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  for (const fs::path& repository : repositories(data)) {
    const Finished fsck = git_in(repository, arguments);
    EXPECT_EQ(fsck.exit_code, 0) << repository << fsck.output << fsck.errors;
  }
}

void expect_no_problems(const fs::path& data) {
  for (const FsckFinding& finding : check_hub(data, {.deep = true}).findings) {
    EXPECT_FALSE(finding.problem) << finding.where << ": " << finding.text;
  }
}

void expect_clean(const fs::path& data) {
  expect_sound_repositories(data);
  EXPECT_TRUE(fs::is_empty(data / "incoming"));
  expect_no_problems(data);
  server::Database database(data / "hub.db", Durability::relaxed);
  for (const auto& entry : fs::directory_iterator(data / "xet")) {
    auto connection = database.lease();
    server::Statement row =
        connection->prepare("SELECT 1 FROM xet_xorb WHERE hash = ? AND kept = 1");
    EXPECT_TRUE(row.bind(entry.path().filename().string()).step()) << entry.path();
  }
}

}  // namespace torchhub::testing
