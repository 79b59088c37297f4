#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/store/data_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// `torchhub serve` with one repository that has an LFS file, and `torchhub admin` beside it.
class UpkeepProgramTest : public ::testing::Test {
 protected:
  UpkeepProgramTest() : hub_(data()) {
    EXPECT_TRUE(hub_.start()) << hub_.process().errors();
    HubClient client = this->client();
    client.create_repo("m");
    const std::string oid = client.upload("demo/m", "bytes");
    client.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 5}));
  }

  HubClient client() const { return {hub_.base_url(), hub_.token()}; }
  fs::path data() const { return folder_ / "data"; }
  Finished admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"admin", "--data", data().string()});
    return torchhub_program(std::move(arguments));
  }
  /// Of a command that must end with 0.
  json admin_json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const Finished done = admin(std::move(arguments));
    EXPECT_EQ(done.exit_code, 0) << done.output << done.errors;
    return json::parse(done.output, nullptr, false);
  }
  void stop() {
    hub_.process().signal(SIGTERM);
    EXPECT_EQ(hub_.process().wait(), 0);
  }

  TempDir folder_;
  ServedHub hub_;
};

TEST_F(UpkeepProgramTest, FsckSaysByItsExitCodeWhatItFound) {
  const json sound = admin_json({"fsck", "--deep"});
  EXPECT_EQ(sound.at("findings"), json::array());
  EXPECT_EQ(sound.at("objects"), 1);
  const Finished busy = admin({"fsck", "--repair"});
  EXPECT_EQ(busy.exit_code, 3);
  EXPECT_EQ(busy.errors, "torchhub: Another torchhub server uses the data folder '" +
                             data().string() +
                             "'. Stop it, or choose another folder with --data.\n");
  const fs::path object = server::DataFolder(data()).object(sha256_hex("bytes"));
  fs::rename(object, data() / "away");
  const Finished found = admin({"fsck"});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_NE(found.output.find("problem  model demo/m: The object "), std::string::npos)
      << found.output;
  fs::rename(data() / "away", object);
  stop();
  EXPECT_EQ(admin({"fsck", "--repair"}).exit_code, 0);
}

TEST_F(UpkeepProgramTest, ATypingErrorMakesNoDataFolder) {
  for (const std::string command : {"fsck", "gc", "stats"}) {
    const Finished done =
        torchhub_program({"admin", "--data", (folder_ / "tpyo").string(), command});
    EXPECT_EQ(done.exit_code, 3) << command;
    EXPECT_NE(done.errors.find("is no data folder of a hub"), std::string::npos) << done.errors;
  }
  EXPECT_FALSE(fs::exists(folder_ / "tpyo"));
}

TEST_F(UpkeepProgramTest, GcTellsFirst) {
  client().upload("demo/m", "never committed");
  EXPECT_EQ(admin_json({"gc"}).at("items"), json::array()) << "two weeks are not over";
  const json told = admin_json({"gc", "--gc-grace", "0s"});
  EXPECT_EQ(told.at("applied"), false);
  EXPECT_EQ(told.at("items").size(), 2U) << told;
  const fs::path object = server::DataFolder(data()).object(sha256_hex("never committed"));
  EXPECT_TRUE(fs::exists(object));
  const Finished done = admin({"gc", "--force", "--apply"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_NE(done.output.find("     1       15 B  objects that no repository has"),
            std::string::npos)
      << done.output;
  EXPECT_FALSE(fs::exists(object));
  EXPECT_EQ(admin({"gc", "--gc-grace", "soon"}).exit_code, 2);
  EXPECT_EQ(client().get("/demo/m/resolve/main/w.bin").body, "bytes");
}

TEST_F(UpkeepProgramTest, BackupComesBack) {
  const std::string copy = (folder_ / "copy").string();
  EXPECT_EQ(admin_json({"backup", copy}).at("repositories"), 1);
  EXPECT_EQ(admin_json({"backup", copy}).at("repositories"), 1) << "again, into the same";
  const Finished into_itself = admin({"restore", copy});
  EXPECT_EQ(into_itself.exit_code, 3) << "the data folder is not empty";
  const std::string restored = (folder_ / "restored").string();
  const Finished done = torchhub_program({"admin", "--data", restored, "restore", copy});
  EXPECT_EQ(done.exit_code, 0) << done.output << done.errors;
  ServedHub again(restored);
  ASSERT_TRUE(again.start()) << again.process().errors();
  const HubClient client(again.base_url(), hub_.token());
  EXPECT_EQ(client.get("/demo/m/resolve/main/w.bin").body, "bytes");
}

TEST_F(UpkeepProgramTest, RepositoriesMoveGoAndComeBack) {
  EXPECT_EQ(admin({"repo", "move", "demo/m", "demo/n"}).exit_code, 0);
  EXPECT_EQ(client().get("/demo/n/resolve/main/w.bin").body, "bytes");
  const json list = admin_json({"repo", "list"});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list.at(0).at("name"), "demo/n");
  EXPECT_EQ(admin({"repo", "delete", "demo/n"}).exit_code, 0);
  EXPECT_EQ(client().get("/api/models/demo/n").status, 404);
  EXPECT_EQ(admin_json({"repo", "list", "--deleted"}).at(0).at("id"), list.at(0).at("id"));
  EXPECT_EQ(admin({"repo", "restore", "demo/n"}).exit_code, 0);
  EXPECT_EQ(client().get("/demo/n/resolve/main/w.bin").body, "bytes");
  const Finished missing = admin({"repo", "delete", "demo/x"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(admin({"repo", "delete", "demo/n", "--type", "paper"}).exit_code, 2);
}

TEST_F(UpkeepProgramTest, StatsCountBytes) {
  const json stats = admin_json({"stats"});
  EXPECT_EQ(stats.at("objectBytes"), 5);
  EXPECT_EQ(stats.at("repositories").at(0).at("name"), "model demo/m");
  EXPECT_EQ(stats.at("owners").at(0).at("name"), "demo");
}

TEST_F(UpkeepProgramTest, ASecondBackupThatIsKilledSpoilsNothing) {
  const std::string copy = (folder_ / "copy").string();
  admin({"backup", copy});
  for (int i = 0; i < 30; ++i) client().create_repo("r" + std::to_string(i));
  ChildProcess backup({TORCHHUB_EXECUTABLE, "admin", "--data", data().string(), "backup", copy});
  backup.signal(SIGKILL);  // whenever that is
  backup.wait();
  EXPECT_EQ(admin({"backup", copy}).exit_code, 0);
  EXPECT_EQ(torchhub_program({"admin", "--data", copy, "fsck", "--deep"}).exit_code, 0);
}

TEST_F(UpkeepProgramTest, ForbidsForcedPushes) {
  EXPECT_EQ(admin({"repo", "forced-pushes", "demo/m", "perhaps"}).exit_code, 2);
  EXPECT_EQ(admin({"repo", "forced-pushes", "demo/m", "off"}).exit_code, 0);
  EXPECT_EQ(admin_json({"repo", "list"})[0]["forcedPushes"], false);
}

TEST_F(UpkeepProgramTest, PrintsEvents) {
  admin({"repo", "disable", "demo/m"});
  const Finished done = admin({"events", "--repo", "demo/m", "--since", "1h", "--limit", "1"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_NE(done.output.find(" repo.settings - demo/m {\"settings\":{\"disabled\":true}}\n"),
            std::string::npos)
      << done.output;
  EXPECT_EQ(admin({"events", "--since", "yesterday"}).exit_code, 2);
}

}  // namespace
}  // namespace torchhub::testing
