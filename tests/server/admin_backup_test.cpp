#include "server/hub_client.h"
#include "server/store/data_folder.h"
#include "support/message_of.h"
#include "support/small_disk.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/backup.h"
#include "torchhub/server/errors.h"
#include "torchhub/server/fsck.h"
#include "torchhub/server/server.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const BackupOptions kQuick{.durability = Durability::relaxed};

void expect_sound(const fs::path& data) {
  const FsckReport report = check_hub(data, {.deep = true, .durability = Durability::relaxed});
  for (const FsckFinding& finding : report.findings) {
    ADD_FAILURE() << finding.kind << ": " << finding.where << ": " << finding.text;
  }
}

/// A server over a copy, with the same token.
class CopiedHub {
 public:
  CopiedHub(const fs::path& data, const std::string& token)
      : server_({.data_dir = data, .listen = "127.0.0.1:0", .durability = Durability::relaxed}),
        client_(server_.base_url(), token) {}
  HubClient& client() { return client_; }

 private:
  Server server_;
  HubClient client_;
};

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() : client_(hub_) { client_.create_repo("m"); }

  Response commit_lfs(const std::string& path, const std::string& bytes) {
    const std::string oid = client_.upload("demo/m", bytes);
    return client_.commit("demo/m", to_ndjson(CommitLfsFileLine{path, oid, bytes.size()}));
  }
  fs::path backup() const { return folder_ / "backup"; }

  LocalHub hub_;
  HubClient client_;
  TempDir folder_;
};

TEST_F(BackupTest, IsADataFolderThatAServerStartsOn) {
  client_.commit_file("demo/m", "a.txt", "text");
  commit_lfs("w.bin", "bytes");
  client_.send("POST", "/api/models/demo/m/tag/main", R"({"tag": "v1", "message": "one"})");
  const BackupReport report = back_up(hub_.data_dir(), backup(), kQuick);
  EXPECT_EQ(report.repositories, 1U);
  EXPECT_EQ(report.objects, 1U);
  EXPECT_EQ(report.warnings.size(), 0U);
  EXPECT_EQ(fs::status(backup()).permissions(), fs::perms::owner_all);
  expect_sound(backup());
  CopiedHub copy(backup(), hub_.token());
  EXPECT_EQ(copy.client().get("/demo/m/resolve/v1/w.bin").body, "bytes");
  EXPECT_EQ(copy.client().get("/demo/m/resolve/main/a.txt").body, "text");
  EXPECT_EQ(copy.client().get_json("/api/models/demo/m/refs"),
            client_.get_json("/api/models/demo/m/refs"));
  EXPECT_FALSE(copy.client().commit_file("demo/m", "b.txt", "more").empty());
}

TEST_F(BackupTest, ASecondOneAddsWhatIsNew) {
  commit_lfs("w.bin", "bytes");
  back_up(hub_.data_dir(), backup(), kQuick);
  const std::string commit = client_.commit_file("demo/m", "a.txt", "later");
  client_.send("POST", "/api/models/demo/m/branch/side", "{}");
  client_.create_repo("n");
  const BackupReport second = back_up(hub_.data_dir(), backup(), kQuick);
  EXPECT_EQ(second.repositories, 2U);
  EXPECT_GE(second.kept_files, 4U);
  expect_sound(backup());
  client_.send("DELETE", "/api/models/demo/m/branch/side");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "n"})");
  back_up(hub_.data_dir(), backup(), kQuick);
  expect_sound(backup());
  CopiedHub copy(backup(), hub_.token());
  EXPECT_EQ(copy.client().get_json("/api/models/demo/m").at("sha"), commit);
  EXPECT_EQ(copy.client().get("/api/models/demo/m/revision/side").status, 404);
  EXPECT_EQ(copy.client().get("/api/models/demo/n").status, 404);
}

TEST_F(BackupTest, SharesTheBytesOfObjects) {
  commit_lfs("w.bin", "bytes");
  back_up(hub_.data_dir(), backup(), kQuick);
  back_up(hub_.data_dir(), folder_ / "other",
          {.since = backup(), .durability = Durability::relaxed});
  const std::string oid = sha256_hex("bytes");
  const auto links = [&](const fs::path& data) {
    return fs::hard_link_count(server::DataFolder(data).object(oid));
  };
  EXPECT_EQ(links(hub_.data_dir()), 3U);
  EXPECT_EQ(links(folder_ / "other"), 3U);
  expect_sound(folder_ / "other");
}

TEST_F(BackupTest, HoldsEveryCommitThatWasAnsweredBefore) {
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      const std::string bytes = "version " + std::to_string(i);
      if (commit_lfs("w.bin", bytes).status != 200) return;
      answered = i;
    }
  });
  for (int round = 0; round < 8; ++round) {
    const int before = answered;
    back_up(hub_.data_dir(), backup(), kQuick);
    expect_sound(backup());
    if (before == 0) continue;
    CopiedHub copy(backup(), hub_.token());
    const std::string found = copy.client().get("/demo/m/resolve/main/w.bin").body;
    ASSERT_TRUE(found.starts_with("version ")) << found;
    EXPECT_GE(std::stoi(found.substr(8)), before);
  }
  stop = true;
  writer.join();
  EXPECT_GT(answered, 0);
}

TEST_F(BackupTest, LivesThroughDeletionsAndCreationsMeanwhile) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string name = "r" + std::to_string(i % 3);
      client_.post("/api/repos/create", {{"name", name}});
      client_.send("DELETE", "/api/repos/delete", json{{"name", name}}.dump());
    }
  });
  for (int round = 0; round < 10; ++round) {
    back_up(hub_.data_dir(), backup(), kQuick);
    expect_sound(backup());
  }
  stop = true;
  writer.join();
}

TEST_F(BackupTest, RefusesAFolderWithOtherThings) {
  write_file_atomically(backup() / "letter.txt", "dear Ana");
  EXPECT_EQ(message_of<Error>([&] { back_up(hub_.data_dir(), backup(), kQuick); }),
            "'" + backup().string() + "' is neither empty nor a backup. Name another folder.");
  EXPECT_THROW(back_up(hub_.data_dir(), hub_.data_dir(), kQuick), InvalidArgumentError);
  const fs::path within = hub_.data_dir() / "backups" / "today";
  EXPECT_THROW(back_up(hub_.data_dir(), within, kQuick), InvalidArgumentError);
  EXPECT_FALSE(fs::exists(within.parent_path()));
}

TEST_F(BackupTest, RefusesToShareWithABackupThatIsNone) {
  BackupOptions options = kQuick;
  options.since = folder_ / "mistyped";
  EXPECT_EQ(message_of<Error>([&] { back_up(hub_.data_dir(), backup(), options); }),
            "'" + options.since->string() +
                "' is no backup: it has no file FORMAT. Name one with --since.");
  EXPECT_FALSE(fs::exists(backup()));
  EXPECT_EQ(message_of<Error>([&] { restore_backup(*options.since, folder_ / "new", kQuick); }),
            "'" + options.since->string() + "' is no backup of a hub: it has no file FORMAT.");
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

TEST_F(BackupTest, RefusesAFolderThatAServerUses) {
  back_up(hub_.data_dir(), backup(), kQuick);
  const CopiedHub copy(backup(), hub_.token());
  EXPECT_THROW(back_up(hub_.data_dir(), backup(), kQuick), DataFolderInUseError);
}

TEST_F(BackupTest, IsNoDataFolderUntilItHasEnded) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  commit_lfs("w.bin", std::string(500'000, 'w'));
  EXPECT_THROW(back_up(hub_.data_dir(), disk / "backup", kQuick), Error);
  EXPECT_THROW(Server({.data_dir = disk / "backup", .listen = "127.0.0.1:0"}), Error);
  EXPECT_EQ(
      message_of<Error>([&] { restore_backup(disk / "backup", folder_ / "new", kQuick); }),
      "'" + (disk / "backup").string() + "' is a backup that did not end. Make it once more.");
}

TEST_F(BackupTest, ComesBackIntoAnEmptyFolder) {
  commit_lfs("w.bin", "bytes");
  back_up(hub_.data_dir(), backup(), kQuick);
  const fs::path place = folder_ / "restored";
  const BackupReport report = restore_backup(backup(), place, kQuick);
  EXPECT_EQ(report.repositories, 1U);
  expect_sound(place);
  CopiedHub copy(place, hub_.token());
  EXPECT_EQ(copy.client().get("/demo/m/resolve/main/w.bin").body, "bytes");
  EXPECT_EQ(message_of<Error>([&] { restore_backup(backup(), place, kQuick); }),
            "'" + place.string() + "' is not empty. Restore into a new folder, then swap them.");
}

TEST_F(BackupTest, AStoppedDataFolderMovesByACopy) {
  commit_lfs("w.bin", "bytes");
  hub_.stop();
  fs::copy(hub_.data_dir(), folder_ / "moved", fs::copy_options::recursive);
  fs::rename(hub_.data_dir(), folder_ / "away");
  expect_sound(folder_ / "moved");
  CopiedHub copy(folder_ / "moved", hub_.token());
  EXPECT_EQ(copy.client().get("/demo/m/resolve/main/w.bin").body, "bytes");
  EXPECT_FALSE(copy.client().commit_file("demo/m", "a.txt", "there").empty());
}

}  // namespace
}  // namespace torchhub::testing
