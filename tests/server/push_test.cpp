#include "server/push_test.h"

#include "server/metrics_reader.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

TEST_F(PushTest, IsThereForEveryReader) {
  const std::string commit = ana_.commit("m", "dir/a.txt", "hello");
  const Finished done = push();
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(head(), commit);
  EXPECT_EQ(content("dir/a.txt"), "hello");
  EXPECT_EQ(client_.commit_at("demo/m"), commit);
  expect_says(on_server({"reflog", "show", "main"}), "push by demo");
  ana_.clone("demo/m", "again");
  EXPECT_EQ(read_file(ana_.place("again") / "dir" / "a.txt"), "hello");
}

TEST_F(PushTest, IsCountedOnceHoweverManyBranchesMove) {
  const MetricsReader metrics(hub_);
  const auto pushes = [&] { return metrics("torchhub_changes_total{kind=\"push\"}"); };
  ana_.commit("m", "a.txt", "1");
  EXPECT_EQ(pushes(), 0);
  ASSERT_EQ(push({"origin", "main", "main:side"}).exit_code, 0);
  EXPECT_EQ(pushes(), 1);
  refusal_of({"origin", "main:refs/notes/x"});
  EXPECT_EQ(pushes(), 1) << "what is refused changes nothing";
  EXPECT_EQ(metrics("torchhub_changes_total{kind=\"commit\"}"), 0) << "these come by the API";
}

TEST_F(PushTest, GoesOnFromCommitsOverHttpAndTheyFromIt) {
  ana_.commit("m", "a.txt", "1");
  ASSERT_EQ(push().exit_code, 0);
  client_.commit_file("demo/m", "b.txt", "2");
  ASSERT_EQ(ana_.in("m", {"pull", "-q"}).exit_code, 0);
  ana_.commit("m", "c.txt", "3");
  ASSERT_EQ(push().exit_code, 0);
  EXPECT_EQ(content("a.txt") + content("b.txt") + content("c.txt"), "123");
}

TEST_F(PushTest, MakesForcesAndDeletesBranches) {
  const std::string first = ana_.commit("m", "a.txt", "1");
  ASSERT_EQ(push({"origin", "main:a/b", "main:c"}).exit_code, 0);
  EXPECT_EQ(head("refs/heads/a/b"), first);
  ana_.in("m", {"commit", "-q", "--amend", "-m", "another"});
  EXPECT_NE(push({"origin", "main:c"}).exit_code, 0);
  const Finished forced = push({"--force", "origin", "main:c"});
  EXPECT_EQ(forced.exit_code, 0) << forced.errors;
  EXPECT_NE(head("refs/heads/c"), first);
  // One goes where the other comes.
  const Finished both = push({"origin", ":a/b", "main:a"});
  EXPECT_EQ(both.exit_code, 0) << both.errors;
  EXPECT_EQ(head("refs/heads/a/b"), "");
  EXPECT_EQ(head("refs/heads/a"), head("refs/heads/c"));
}

TEST_F(PushTest, TakesLightAndAnnotatedTags) {
  const std::string commit = ana_.commit("m", "a.txt", "1");
  ana_.in("m", {"tag", "light"});
  ana_.in("m", {"tag", "-a", "-m", "the first", "v1"});
  const Finished done = push({"origin", "main", "--tags"});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(head("refs/tags/light"), commit);
  EXPECT_EQ(on_server({"cat-file", "-t", "refs/tags/v1"}), "tag");
  EXPECT_EQ(content("a.txt", "v1"), "1");
  EXPECT_EQ(push({"origin", ":v1"}).exit_code, 0);
  EXPECT_EQ(head("refs/tags/v1"), "");
}

TEST_F(PushTest, KeepsLargePushesInOnePack) {
  for (int i = 0; i < 100; ++i) {
    write_file_atomically(ana_.place("m") / fmt::format("f{}", i), fmt::format("{}", i));
  }
  ana_.in("m", {"add", "."});
  ana_.commit("m", "last", "last");
  const Finished done = push();
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  expect_says(on_server({"count-objects", "-v"}), "packs: 1\n");
  EXPECT_EQ(content("f99"), "99");
}

TEST_F(PushTest, StreamsBodiesOfAnyLength) {
  std::string noise;
  for (std::string block = sha256_hex("seed"); noise.size() < 3'000'000;
       block = sha256_hex(block)) {
    noise += block;
  }
  ana_.commit("m", "noise.txt", noise);
  // More than the buffer: git sends chunks, and asks first whether it may.
  const Finished done = push({"-v", "origin", "main"});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(content("noise.txt"), noise);
}

TEST_F(PushTest, NeedsTheWholeHistoryOnlyOnTheServer) {
  for (const char* text : {"1", "2", "3"}) ana_.commit("m", "a.txt", text);
  ASSERT_EQ(push().exit_code, 0);
  ana_.clone("demo/m", "shallow", {"--depth", "1"});
  ana_.commit("shallow", "b.txt", "from a shallow clone");
  const Finished shallow = push({"origin", "main"}, "shallow");
  EXPECT_EQ(shallow.exit_code, 0) << shallow.errors;
  ana_.clone("demo/m", "partial", {"--filter=blob:none"});
  ASSERT_NE(ana_.shell("partial", "git rev-list --objects --all --missing=print").find("\n?"),
            std::string::npos)
      << "the older contents are on the server only";
  ana_.commit("partial", "c.txt", "from a partial clone");
  const Finished partial = push({"origin", "main"}, "partial");
  EXPECT_EQ(partial.exit_code, 0) << partial.errors;
  EXPECT_EQ(on_server({"rev-list", "--count", "main"}), "6");
}

TEST_F(PushTest, RefusesAHistoryThatIsCutOff) {
  client_.create_repo("other");
  for (const char* text : {"1", "2", "3"}) client_.commit_file("demo/other", "a.txt", text);
  ana_.clone("demo/other", "cut", {"--depth", "1"});
  const std::string refs = on_server({"for-each-ref"});
  const Finished done = push({ana_.url("demo/m"), "HEAD:refs/heads/cut"}, "cut");
  EXPECT_NE(done.exit_code, 0);
  expect_says(done.errors, "git fetch --unshallow");
  EXPECT_EQ(on_server({"for-each-ref"}), refs);
}

TEST_F(PushTest, TakesAThousandCommits) {
  ana_.shell(
      "m",
      "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo 'commit refs/heads/long'; echo "
      "\"committer A <a@b> $i +0000\"; printf 'data 2\\nm\\n\\n'; echo \"M 644 inline f$i\"; "
      "printf 'data 2\\nx\\n\\n'; done | git fast-import --quiet");
  const Finished done = push({"origin", "long"});
  ASSERT_EQ(done.exit_code, 0) << done.errors;
  ana_.clone("demo/m", "again", {"-b", "long"});
  EXPECT_EQ(ana_.shell("again", "git rev-list --count HEAD"), "1000");
  EXPECT_EQ(ana_.shell("again", "ls | wc -l"), "1000");
}

TEST_F(PushTest, FetchesAfterALongTalkAboutWhatBothHave) {
  ana_.shell("m", "for i in $(seq 200); do git commit -q --allow-empty -m $i; done");
  const std::string commit = client_.commit_file("demo/m", "new", "1");
  // git compresses long requests.
  ana_.shell(
      "m",
      "GIT_TRACE_CURL=$PWD/../trace git fetch -q && grep -qi 'content-encoding: gzip' ../trace");
  EXPECT_EQ(ana_.shell("m", "git rev-parse origin/main"), commit);
}

}  // namespace
}  // namespace torchhub::testing
