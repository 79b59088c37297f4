#include "server/store/data_folder.h"
#include "server/upkeep_fixture.h"
#include "torchhub/base/sha256.h"

#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

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

TEST_F(UpkeepProgramTest, FsckMakesALostDatabaseAgain) {
  EXPECT_EQ(admin({"fsck", "--rebuild"}).exit_code, 3) << "a server runs";
  stop();
  for (const std::string end : {"", "-wal", "-shm"}) fs::remove(data() / ("hub.db" + end));
  EXPECT_EQ(admin({"fsck"}).exit_code, 3) << "there is nothing to compare with";
  const json report = admin_json({"fsck", "--rebuild"});
  EXPECT_EQ(report.at("repositories"), 1);
  ASSERT_EQ(report.at("findings").size(), 1U) << report;
  EXPECT_EQ(report.at("findings")[0].at("kind"), "rebuilt");
  EXPECT_EQ(report.at("findings")[0].at("problem"), false);
  ServedHub again(data());
  ASSERT_TRUE(again.start()) << again.process().errors();
  EXPECT_EQ(HubClient(again.base_url(), hub_.token()).get("/api/whoami-v2").status, 401);
  const HubClient client(again.base_url(), again.token());
  EXPECT_EQ(client.get("/demo/m/resolve/main/w.bin").body, "bytes");
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

TEST_F(UpkeepProgramTest, StatsCountBytes) {
  const json stats = admin_json({"stats"});
  EXPECT_EQ(stats.at("objectBytes"), 5);
  EXPECT_EQ(stats.at("repositories").at(0).at("name"), "model demo/m");
  EXPECT_EQ(stats.at("owners").at(0).at("name"), "demo");
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

TEST_F(UpkeepProgramTest, PrintsWhatOneUserDid) {
  admin({"repo", "disable", "demo/m"});  // by nobody of the hub
  const json events = admin_json({"events", "--user", "demo"});
  ASSERT_FALSE(events.empty());
  for (const json& event : events) EXPECT_EQ(event.at("actor"), "demo") << event;
  EXPECT_EQ(events.back().at("kind"), "repo.created") << "the newest are first";
  EXPECT_EQ(events.back().at("repo"), "demo/m");
  EXPECT_TRUE(events.back().at("details").is_object());
  EXPECT_EQ(admin_json({"events", "--user", "nemo"}), json::array());
}

}  // namespace
}  // namespace torchhub::testing
