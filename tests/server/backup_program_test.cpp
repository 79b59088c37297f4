#include "server/store/data_folder.h"
#include "server/upkeep_fixture.h"
#include "torchhub/base/sha256.h"

#include <csignal>
#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class BackupProgramTest : public UpkeepProgramTest {};

TEST_F(BackupProgramTest, BackupComesBack) {
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

TEST_F(BackupProgramTest, SharesFilesWithAnEarlierOneElsewhere) {
  const fs::path monday = folder_ / "monday";
  const fs::path tuesday = folder_ / "tuesday";
  admin({"backup", (folder_ / "first").string()});
  fs::copy(folder_ / "first", monday, fs::copy_options::recursive);  // as on another disk
  const json report = admin_json({"backup", tuesday.string(), "--since", monday.string()});
  EXPECT_EQ(report.at("objects"), 1);
  EXPECT_GT(report.at("linkedFiles"), 0);
  EXPECT_EQ(report.at("warnings"), json::array());
  const auto object = [](const fs::path& root) {
    return server::DataFolder(root).object(sha256_hex("bytes"));
  };
  EXPECT_TRUE(fs::equivalent(object(tuesday), object(monday)));
  EXPECT_FALSE(fs::equivalent(object(tuesday), object(data())));
  const Finished none =
      admin({"backup", (folder_ / "x").string(), "--since", (folder_ / "tpyo").string()});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_NE(none.errors.find("is no backup: it has no file FORMAT"), std::string::npos)
      << none.errors;
}

TEST_F(BackupProgramTest, RestoreTellsWhatItsCheckFound) {
  const fs::path copy = folder_ / "copy";
  admin({"backup", copy.string()});
  const auto restore = [&](const char* name) {
    return torchhub_program(
        {"admin", "--data", (folder_ / name).string(), "restore", copy.string(), "--json"});
  };
  const Finished sound = restore("sound");
  EXPECT_EQ(sound.exit_code, 0) << sound.errors;
  const json report = json::parse(sound.output);
  EXPECT_EQ(report.at("findings"), json::array());
  EXPECT_EQ(report.at("objectBytes"), 5);
  fs::remove(server::DataFolder(copy).object(sha256_hex("bytes")));
  const Finished damaged = restore("damaged");
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_EQ(json::parse(damaged.output).at("findings").at(0).at("kind"), "object_missing");
}

TEST_F(BackupProgramTest, ASecondBackupThatIsKilledSpoilsNothing) {
  const std::string copy = (folder_ / "copy").string();
  admin({"backup", copy});
  for (int i = 0; i < 30; ++i) client().create_repo("r" + std::to_string(i));
  ChildProcess backup({TORCHHUB_EXECUTABLE, "admin", "--data", data().string(), "backup", copy});
  backup.signal(SIGKILL);  // whenever that is
  backup.wait();
  EXPECT_EQ(admin({"backup", copy}).exit_code, 0);
  EXPECT_EQ(torchhub_program({"admin", "--data", copy, "fsck", "--deep"}).exit_code, 0);
}

}  // namespace
}  // namespace torchhub::testing
