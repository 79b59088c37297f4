#include "server/upkeep_fixture.h"

#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The same hub; what is done to whole repositories.
class RepositoryProgramTest : public UpkeepProgramTest {
 protected:
  std::string bytes_of(const std::string& repo) const {
    return client().get("/" + repo + "/resolve/main/w.bin").body;
  }
};

TEST_F(RepositoryProgramTest, MovesGoesAndComesBack) {
  EXPECT_EQ(admin({"repo", "move", "demo/m", "demo/n"}).exit_code, 0);
  EXPECT_EQ(bytes_of("demo/n"), "bytes");
  const json list = admin_json({"repo", "list"});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list.at(0).at("name"), "demo/n");
  EXPECT_EQ(admin({"repo", "delete", "demo/n"}).exit_code, 0);
  EXPECT_EQ(client().get("/api/models/demo/n").status, 404);
  EXPECT_EQ(admin_json({"repo", "list", "--deleted"}).at(0).at("id"), list.at(0).at("id"));
  EXPECT_EQ(admin({"repo", "restore", "demo/n"}).exit_code, 0);
  EXPECT_EQ(bytes_of("demo/n"), "bytes");
  const Finished missing = admin({"repo", "delete", "demo/x"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(admin({"repo", "delete", "demo/n", "--type", "paper"}).exit_code, 2);
}

TEST_F(RepositoryProgramTest, ComesBackByItsId) {
  client().create_repo("d", {{"type", "dataset"}});
  EXPECT_EQ(admin_json({"repo", "delete", "demo/d", "--type", "dataset"}),
            json({{"type", "dataset"}, {"name", "demo/d"}}));
  EXPECT_EQ(client().get("/api/datasets/demo/d").status, 404);
  const std::string id = admin_json({"repo", "list", "--deleted"}).at(0).at("id");
  EXPECT_EQ(admin_json({"repo", "restore", id}), json({{"type", "dataset"}, {"name", "demo/d"}}));
  EXPECT_EQ(client().get("/api/datasets/demo/d").status, 200);
  EXPECT_EQ(admin({"repo", "restore", id}).exit_code, 1) << "it is not in the trash any more";
}

TEST_F(RepositoryProgramTest, GetsAnotherOwner) {
  admin({"org", "create", "team", "--owner", "demo"});
  EXPECT_EQ(admin_json({"repo", "transfer", "demo/m", "team"}),
            json({{"type", "model"}, {"name", "team/m"}}));
  EXPECT_EQ(bytes_of("team/m"), "bytes");
  EXPECT_EQ(client().get_json("/api/models/team/m").at("author"), "team");
  const Finished nobody = admin({"repo", "transfer", "team/m", "nemo"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_EQ(nobody.errors, "torchhub: There is no account 'nemo'.\n");
}

TEST_F(RepositoryProgramTest, IsDisabledAndEnabled) {
  EXPECT_EQ(admin_json({"repo", "disable", "demo/m"}),
            json({{"type", "model"}, {"name", "demo/m"}}));
  EXPECT_EQ(client().get("/demo/m/resolve/main/w.bin").status, 403);
  const Finished list = admin({"repo", "list"});
  EXPECT_TRUE(list.output.starts_with("model    demo/m ")) << list.output;
  EXPECT_TRUE(list.output.ends_with(" disabled\n")) << list.output;
  const Finished enabled = admin({"repo", "enable", "demo/m"});
  EXPECT_EQ(enabled.exit_code, 0) << enabled.errors;
  EXPECT_EQ(enabled.output, "");
  EXPECT_EQ(bytes_of("demo/m"), "bytes");
  EXPECT_EQ(admin_json({"repo", "list"}).at(0).at("disabled"), false);
  EXPECT_EQ(admin({"repo", "enable", "demo/x"}).exit_code, 1);
}

TEST_F(RepositoryProgramTest, ForbidsForcedPushes) {
  EXPECT_EQ(admin({"repo", "forced-pushes", "demo/m", "perhaps"}).exit_code, 2);
  EXPECT_EQ(admin({"repo", "forced-pushes", "demo/m", "off"}).exit_code, 0);
  EXPECT_EQ(admin_json({"repo", "list"})[0]["forcedPushes"], false);
}

TEST_F(RepositoryProgramTest, TravelsInOneFile) {
  const std::string file = (folder_ / "m.tar").string();
  const json out = admin_json({"export", "demo/m", file});
  EXPECT_EQ(out, json({{"type", "model"},
                       {"name", "demo/m"},
                       {"refs", 1},
                       {"objects", 1},
                       {"bytes", fs::file_size(file)}}));
  EXPECT_EQ(admin({"export", "demo/x", file}).exit_code, 1);
  EXPECT_EQ(admin({"import", file}).exit_code, 1) << "it is there";
  EXPECT_EQ(admin_json({"import", file, "--as", "demo/n"}).at("name"), "demo/n");
  EXPECT_EQ(bytes_of("demo/n"), "bytes");
  ServedHub other(folder_ / "other");
  const Finished in =
      torchhub_program({"admin", "--data", (folder_ / "other").string(), "import", file});
  EXPECT_EQ(in.exit_code, 0) << in.errors;
  EXPECT_TRUE(in.output.starts_with("model demo/m: 1 branches and tags, 1 LFS objects, a file of "))
      << in.output;
  ASSERT_TRUE(other.start()) << other.process().errors();
  const HubClient client(other.base_url(), other.token());
  EXPECT_EQ(client.get("/demo/m/resolve/main/w.bin").body, "bytes");
}

}  // namespace
}  // namespace torchhub::testing
