#include "server/push_test.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

/// What the git-lfs program does with a hub.
namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

class LfsProgramTest : public PushTest {
 protected:
  void SetUp() override {
    PushTest::SetUp();
    if (!ana_.install_lfs()) GTEST_SKIP() << "git-lfs is not installed";
    ana_.shell("m", "git lfs install --local && git lfs track '*.big'");
    ana_.commit("m", ".gitattributes", read_file(ana_.place("m") / ".gitattributes"));
    ASSERT_EQ(push().exit_code, 0);
  }
};

TEST_F(LfsProgramTest, CarriesOddNames) {
  const std::vector<std::string> names = {"a b.big",         "\u00e4 \u00f6\u00df.big",
                                          "it's \"so\".big", "$(id) & #.big",
                                          "[x]*?.big",       "100%25.big",
                                          "a\u0301.big"};
  for (const std::string& name : names) ana_.commit("m", name, "of " + name);
  const Finished done = push();
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  ana_.clone("demo/m", "again");
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read_file(ana_.place("again") / name), "of " + name);
    EXPECT_TRUE(on_server({"show", "main:" + name}).starts_with("version https://git-lfs"))
        << "by LFS";
  }
}

TEST_F(LfsProgramTest, CarriesFilesOfNoLength) {
  // git-lfs makes no pointer of one; others do.
  ana_.commit("m", "mine.big", "");
  ASSERT_EQ(push().exit_code, 0);
  EXPECT_EQ(content("mine.big"), "");
  const std::string oid = client_.upload("demo/m", "");
  EXPECT_EQ(oid, sha256_hex(""));
  const Response commit =
      client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"theirs.big", oid, 0}));
  ASSERT_EQ(commit.status, 200) << commit.body;
  ana_.clone("demo/m", "again");
  for (const char* name : {"mine.big", "theirs.big"}) {
    ASSERT_TRUE(fs::exists(ana_.place("again") / name)) << name;
    EXPECT_EQ(read_file(ana_.place("again") / name), "") << name;
  }
}

TEST_F(LfsProgramTest, GoesOnWithADownloadThatWasInterrupted) {
  std::string bytes;
  for (int i = 0; bytes.size() < 300'000; ++i) bytes += std::to_string(i);
  const std::string oid = client_.upload("demo/m", bytes);
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.big", oid, bytes.size()}));
  ASSERT_EQ(ana_.shell("m", "GIT_LFS_SKIP_SMUDGE=1 git pull -q --rebase"), "");
  // Where git-lfs keeps what it has of an object.
  const fs::path part = ana_.place("m") / ".git" / "lfs" / "incomplete" / (oid + ".part");
  fs::create_directories(part.parent_path());
  write_file_atomically(part, bytes.substr(0, 100'000));
  const std::string said = ana_.shell("m", "GIT_TRACE=1 git lfs pull 2>&1");
  expect_says(said, "from byte 100000");
  expect_says(said, "server accepted resume");
  EXPECT_EQ(read_file(ana_.place("m") / "w.big"), bytes);
}

TEST_F(LfsProgramTest, LocksAndUnlocks) {
  const std::string token = hub_.create_user("ben");
  hub_.admin().create_organization("team", "demo");
  hub_.admin().set_member("team", "ben", OrganizationRole::write);
  client_.create_repo("m", {{"organization", "team"}});
  client_.commit_file("team/m", "a.txt", "1");
  client_.commit_file("team/m", "b c.txt", "1");
  const std::string narrow = " | sed 's/ *\t/\t/g'";
  const GitUser ben(hub_.base_url(), token);
  ASSERT_TRUE(ben.install_lfs());
  ana_.clone("team/m", "t");
  ben.clone("team/m", "t");
  ana_.shell("t", "git lfs lock a.txt");
  ben.shell("t", "git lfs lock 'b c.txt'");
  expect_says(ana_.shell("t", "git lfs locks" + narrow), "a.txt\tdemo");
  // "O" marks one's own.
  const std::string verified = ana_.shell("t", "git lfs locks --verify" + narrow);
  expect_says(verified, "O a.txt\tdemo");
  expect_says(verified, "  b c.txt\tben");
  const Finished twice = ben.in("t", {"lfs", "lock", "a.txt"});
  EXPECT_NE(twice.exit_code, 0);
  EXPECT_NE(ben.in("t", {"lfs", "unlock", "a.txt"}).exit_code, 0) << "it is Ana's";
  ben.shell("t", "git lfs unlock 'b c.txt'");
  ana_.shell("t", "git lfs unlock a.txt");
  EXPECT_EQ(ana_.shell("t", "git lfs locks"), "");
}

}  // namespace
}  // namespace torchhub::testing
