#include "server/push_test.h"
#include "server/refused_change.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

class PushRaceTest : public PushTest {
 protected:
  void SetUp() override {
    PushTest::SetUp();
    ana_.clone("demo/m", "n");
  }

  /// A line of shell that runs when git has seen the server's refs and not yet sent its own.
  void before_sending(const std::string& clone, const std::string& line) const {
    const fs::path hook = ana_.place(clone) / ".git" / "hooks" / "pre-push";
    write_file_atomically(hook, "#!/bin/sh\n" + line + " >&2\n");
    fs::permissions(hook, fs::perms::owner_all);
  }
  std::string push_from(const std::string& clone, const std::string& refs) const {
    return "(unset GIT_DIR; git -C '" + ana_.place(clone).string() + "' push -q origin " + refs +
           ")";
  }

  std::unique_ptr<ChildProcess> start_push(const std::string& clone,
                                           const std::string& refs = "main") const {
    return std::make_unique<ChildProcess>(
        std::vector<std::string>{"git", "-C", ana_.place(clone).string(), "push", "origin", refs},
        ana_.environment());
  }
};

TEST_F(PushRaceTest, OfTwoOnOneBranchTheLaterLoses) {
  ana_.commit("m", "a.txt", "1");
  const std::string winner = ana_.commit("n", "b.txt", "2");
  before_sending("m", push_from("n", "main"));
  const Finished done = push();
  EXPECT_NE(done.exit_code, 0);
  expect_says(done.errors, "(fetch first)");
  EXPECT_EQ(head(), winner);
  // As git would have it.
  fs::remove(ana_.place("m") / ".git" / "hooks" / "pre-push");
  ASSERT_EQ(ana_.in("m", {"pull", "-q", "--rebase"}).exit_code, 0);
  EXPECT_EQ(push().exit_code, 0);
  EXPECT_EQ(content("a.txt") + content("b.txt"), "12");
}

TEST_F(PushRaceTest, OfTwoOnTwoBranchesBothLand) {
  const std::string a = ana_.commit("m", "a.txt", "1");
  const std::string b = ana_.commit("n", "b.txt", "2");
  const auto first = start_push("m", "main:a");
  const auto second = start_push("n", "main:b");
  EXPECT_EQ(first->wait(), 0) << first->errors();
  EXPECT_EQ(second->wait(), 0) << second->errors();
  EXPECT_EQ(head("refs/heads/a"), a);
  EXPECT_EQ(head("refs/heads/b"), b);
}

TEST_F(PushRaceTest, AMergeAndAPushToBothOfItsRefsEnd) {
  for (int round = 1; round <= 8; ++round) {
    const std::string num = std::to_string(round);
    const std::string ref = "refs/pr/" + num;
    const Response made =
        client_.commit("demo/m", to_ndjson(CommitFileLine{"r" + num, num}), "main?create_pr=1");
    ASSERT_EQ(made.status, 200) << made.body;
    ana_.in("m", {"fetch", "-q", "origin", ref});
    ana_.in("m", {"reset", "-q", "--hard", "FETCH_HEAD"});
    ana_.commit("m", "more" + num, num);
    ChildProcess push(
        {"git", "-C", ana_.place("m").string(), "push", "-q", "origin", "HEAD:main", "HEAD:" + ref},
        ana_.environment());
    const int merged =
        client_.send("POST", "/api/models/demo/m/discussions/" + num + "/merge").status;
    const int pushed = push.wait();
    EXPECT_TRUE(merged == 200 || pushed == 0) << merged << push.errors();
    EXPECT_EQ(content("r" + num), num) << "either way";
  }
}

TEST_F(PushRaceTest, OfTwoAtOnceOnOneBranchOneLands) {
  for (int round = 0; round < 5; ++round) {
    ana_.in("m", {"pull", "-q", "--rebase"});
    ana_.in("n", {"pull", "-q", "--rebase"});
    const std::string a = ana_.commit("m", "a" + std::to_string(round), "1");
    const std::string b = ana_.commit("n", "b" + std::to_string(round), "2");
    const auto first = start_push("m");
    const auto second = start_push("n");
    const bool a_landed = first->wait() == 0;
    const bool b_landed = second->wait() == 0;
    EXPECT_NE(a_landed, b_landed);
    EXPECT_EQ(head(), a_landed ? a : b);
    ana_.in(a_landed ? "n" : "m", {"reset", "-q", "--hard", "HEAD~1"});
  }
}

TEST_F(PushRaceTest, LosesToACommitOverHttp) {
  ana_.commit("m", "a.txt", "1");
  before_sending("m", "touch seen; while [ ! -e go ]; do :; done");
  const auto push = start_push("m");
  while (!fs::exists(ana_.place("m") / "seen")) ASSERT_TRUE(push->is_running());
  const std::string commit = client_.commit_file("demo/m", "b.txt", "2");
  write_file_atomically(ana_.place("m") / "go", "");
  EXPECT_NE(push->wait(), 0);
  expect_says(push->errors(), "(fetch first)");
  EXPECT_EQ(head(), commit);
}

TEST_F(PushRaceTest, MovesTheOtherRefsUnlessTheyAreToMoveTogether) {
  const std::string mine = ana_.commit("m", "a.txt", "1");
  const std::string theirs = ana_.commit("n", "b.txt", "2");
  before_sending("m", push_from("n", "main"));
  const Finished atomic = push({"--atomic", "origin", "main", "main:x", "main:y"});
  EXPECT_NE(atomic.exit_code, 0);
  expect_says(atomic.errors, "atomic push fail");
  EXPECT_EQ(head("refs/heads/x"), "");
  before_sending("m", push_from("n", "-f main~1:main"));
  EXPECT_NE(push({"origin", "-f", "main", "main:x", "main:y"}).exit_code, 0);
  EXPECT_EQ(head("refs/heads/x"), mine);
  EXPECT_EQ(head("refs/heads/y"), mine);
  EXPECT_NE(head(), mine);
}

TEST_F(PushRaceTest, MovesAllRefsOfAnAtomicPush) {
  const std::string commit = ana_.commit("m", "a.txt", "1");
  ASSERT_EQ(push({"origin", "main:gone"}).exit_code, 0);
  const Finished done = push({"--atomic", "origin", "main", "main:x", ":gone"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(head(), commit);
  EXPECT_EQ(head("refs/heads/x"), commit);
  EXPECT_EQ(head("refs/heads/gone"), "");
}

TEST_F(PushRaceTest, StaysHalfWayOnlyWhereTheNextStartGoesOn) {
  const std::string before = head();
  const std::string commit = ana_.commit("m", "a.txt", "1");
  const fs::path lock = repository_ / "refs" / "heads" / "x.lock";
  const auto restart = [&] {
    hub_.stop();
    hub_.start();
  };
  write_file_atomically(lock, "");
  EXPECT_NE(push({"--atomic", "origin", "main", "main:x"}).exit_code, 0);
  EXPECT_EQ(head(), before);
  restart();
  EXPECT_EQ(head(), before) << "nor does the next start move it";
  {
    const RefusedChange stays(hub_, "stays", "DELETE ON ref_move");
    EXPECT_NE(push({"--atomic", "origin", "main", "main:x"}).exit_code, 0);
    EXPECT_EQ(head(), commit) << "taken back, it would move again at the next start";
  }
  fs::remove(lock);
  restart();
  EXPECT_EQ(head(), commit);
  EXPECT_EQ(head("refs/heads/x"), commit);
}

TEST_F(PushRaceTest, ALeaseIsKept) {
  ana_.commit("n", "b.txt", "2");
  ASSERT_EQ(push({"origin", "main"}, "n").exit_code, 0);
  ana_.commit("m", "a.txt", "1");
  EXPECT_NE(push({"--force-with-lease", "origin", "main"}).exit_code, 0);
  ana_.in("m", {"fetch", "-q"});
  EXPECT_EQ(push({"--force-with-lease", "origin", "main"}).exit_code, 0);
}

}  // namespace
}  // namespace torchhub::testing
