#include "server/push_test.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using PushLfsTest = PushTest;

TEST_F(PushLfsTest, SendsObjectsAndGetsThemBack) {
  if (!ana_.install_lfs()) GTEST_SKIP() << "git-lfs is not installed";
  ASSERT_EQ(ana_.in("m", {"lfs", "install", "--local"}).exit_code, 0);
  ASSERT_EQ(ana_.in("m", {"lfs", "track", "*.big"}).exit_code, 0);
  const std::string bytes(300'000, 'L');
  ana_.commit("m", ".gitattributes", read_file(ana_.place("m") / ".gitattributes"));
  ana_.commit("m", "dir/model.big", bytes);
  ana_.commit("m", "model.safetensors", bytes + "2");
  const Finished done = push();
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(content("dir/model.big"), bytes);
  EXPECT_EQ(content("model.safetensors"), bytes + "2");
  ana_.clone("demo/m", "again");
  EXPECT_EQ(read_file(ana_.place("again") / "dir" / "model.big"), bytes);
  EXPECT_EQ(ana_.in("again", {"lfs", "fsck"}).exit_code, 0);
  // What was sent once is known.
  ana_.commit("again", "copy.big", bytes);
  const Finished copy = push({"origin", "main"}, "again");
  EXPECT_EQ(copy.exit_code, 0) << copy.errors;
}

TEST_F(PushLfsTest, LeavesAloneWhatOthersHaveLocked) {
  const HubClient ben(hub_.base_url(), hub_.create_user("ben"));
  hub_.admin().create_organization("team", "demo");
  hub_.admin().set_member("team", "ben", OrganizationRole::write);
  client_.create_repo("m", {{"organization", "team"}});
  client_.commit_file("team/m", "a.txt", "1");
  EXPECT_EQ(ben.post("/team/m.git/info/lfs/locks", {{"path", "a.txt"}}).status, 201);
  ana_.clone("team/m", "t");
  ana_.commit("t", "b.txt", "another file");
  EXPECT_EQ(push({"origin", "main"}, "t").exit_code, 0);
  ana_.commit("t", "a.txt", "2");
  for (const char* branch : {"main", "new"}) {
    const Finished done = push({"origin", std::string("main:") + branch}, "t");
    EXPECT_NE(done.exit_code, 0);
    expect_says(done.errors, "others have locked these files:");
    expect_says(done.errors, "a.txt (locked by ben)");
  }
}

}  // namespace
}  // namespace torchhub::testing
