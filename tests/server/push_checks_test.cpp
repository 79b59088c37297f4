#include "server/push_test.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using PushChecksTest = PushTest;

constexpr const char* kEmptyBlob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

std::string entry(const std::string& mode, const std::string& type, const std::string& id,
                  const std::string& name) {
  return mode + " " + type + " " + id + "\\t" + name + "\\n";
}

TEST_F(PushChecksTest, NameLargeFilesAndTheirSizes) {
  ana_.commit("m", "dir/large.bin", std::string((10 << 20) + 1, 'x'));
  ana_.commit("m", "exact.bin", std::string(10 << 20, 'y'));
  const std::string text = refusal_of();
  expect_says(text, "Use git-lfs");
  expect_says(text, "dir/large.bin (10485761 bytes");
  EXPECT_EQ(text.find("exact.bin"), std::string::npos) << text;
  ana_.in("m", {"rm", "-q", "dir/large.bin"});
  ana_.commit("m", "b.txt", "it is still in the history");
  expect_says(refusal_of(), "dir/large.bin");
}

TEST_F(PushChecksTest, NeedTheObjectOfEveryPointer) {
  const std::string bytes(5000, 'b');
  const LfsPointer pointer{sha256_hex(bytes), bytes.size()};
  ana_.commit("m", "dir/model.bin", pointer.text());
  const std::string text = refusal_of();
  expect_says(text, "LFS pointer pointed to a file that does not exist");
  expect_says(text, "dir/model.bin (oid " + pointer.oid + ", 5000 bytes)");
  client_.create_repo("other");
  client_.upload("demo/other", bytes);
  expect_says(refusal_of(), pointer.oid);  // another repository's object gives no right
  client_.upload("demo/m", bytes);
  const Finished done = push();
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(content("dir/model.bin"), bytes);
  ana_.commit("m", "wrong.bin", LfsPointer{pointer.oid, 4999}.text());
  expect_says(refusal_of(), "4999 bytes");
}

TEST_F(PushChecksTest, RefusePathsThatNoClientCouldWrite) {
  const auto refusal = [&](const std::string& name) {
    return refusal_of_commit(ana_.commit_tree("m", entry("100644", "blob", kEmptyBlob, name)));
  };
  ana_.shell("m", "git hash-object -w -t blob /dev/null");
  for (const char* name : {".GIT", ".git", "..", ".git::$INDEX_ALLOCATION", "git~1"}) {
    expect_says(refusal(name), "rejected");
  }
  expect_says(refusal("a\\\\b"), "a\\b: backslashes");
  expect_says(refusal("bell\\a"), "control characters");
  expect_says(refusal("\\377"), "it is not UTF-8");
  expect_says(refusal(std::string(256, 'n')), "rejected");
  EXPECT_EQ(push({"origin", ana_.commit_tree("m", entry("100644", "blob", kEmptyBlob, "good")) +
                                ":refs/heads/main"})
                .exit_code,
            0);
}

TEST_F(PushChecksTest, RefuseWhatOnlyGitCanRead) {
  ana_.shell("m", "git hash-object -w -t blob /dev/null");
  // A name of 70,000 bytes, in a folder so that paths of it are asked for.
  ana_.shell("m", fmt::format("name=$(head -c 70000 /dev/zero | tr '\\0' n); "
                              "printf \"100644 blob {}\\t$name\\n\" | git mktree > ../tree",
                              kEmptyBlob));
  const std::string commit =
      ana_.shell("m",
                 "t=$(printf \"040000 tree $(cat ../tree)\\tdir\\n\" | git mktree) && "
                 "git commit-tree -p HEAD -m long $t");
  const std::string refusal = refusal_of_commit(commit);
  const bool by_git = refusal.find("largePathname") != std::string::npos;  // since 2.44
  expect_says(refusal,
              by_git ? "git does not take what was pushed" : "objects that cannot be read");
}

TEST_F(PushChecksTest, RefusePathsTooDeepOrTooLong) {
  const auto nest = [&](int levels, const std::string& name) {
    ana_.shell("m", "git hash-object -w -t blob /dev/null");
    return ana_.shell("m", fmt::format("t=$(printf '100644 blob {}\\tf\\n' | git mktree); i=0; "
                                       "while [ $i -lt {} ]; do i=$((i+1)); "
                                       "t=$(printf \"040000 tree $t\\t{}\\n\" | git mktree); done; "
                                       "git commit-tree -p HEAD -m deep $t",
                                       kEmptyBlob, levels, name));
  };
  const std::string deepest = nest(63, "d");
  expect_says(refusal_of_commit(nest(64, "d")), "deeper than 64 folders");
  expect_says(refusal_of_commit(nest(8, std::string(127, 'n'))), "1025 bytes; 1024 are possible");
  EXPECT_EQ(push({"origin", nest(11, std::string(92, 'n')) + ":refs/heads/longest"}).exit_code, 0);
  const Finished done = push({"origin", deepest + ":refs/heads/main"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
}

TEST_F(PushChecksTest, NameTwentyAndCountTheRest) {
  ana_.shell("m", "git hash-object -w -t blob /dev/null");
  const auto text_of = [&](int count) {
    std::string lines;
    for (int i = 10; i < 10 + count; ++i) {
      lines += entry("100644", "blob", kEmptyBlob, "bell\\a" + std::to_string(i));
    }
    return refusal_of_commit(ana_.commit_tree("m", lines));
  };
  const std::string more = text_of(25);
  expect_says(more, "29: ");
  EXPECT_EQ(more.find("30: "), std::string::npos) << more;
  expect_says(more, "  and 5 more");
  EXPECT_EQ(text_of(20).find("more"), std::string::npos);
}

TEST_F(PushChecksTest, LimitTheTextOfCommitsAndTags) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  // Objects of exactly that size: git's own commands would add to it.
  const auto made = [&](const std::string& type, std::string text, std::size_t size) {
    text.resize(size, 'x');
    write_file_atomically(ana_.place("text"), text);
    return ana_.shell("m", "git hash-object -w -t " + type + " ../text");
  };
  const std::string head = ana_.shell("m", "git rev-parse HEAD");
  const std::string commit = "tree " + ana_.shell("m", "git rev-parse HEAD:") + "\nparent " + head +
                             "\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\n";
  const std::string tag = "object " + head + "\ntype commit\ntag t\ntagger A <a@b.c> 1 +0000\n\n";
  expect_says(refusal_of_commit(made("commit", commit, kMost + 1)), "a message that is too long");
  expect_says(refusal_of({"origin", made("tag", tag, kMost + 1) + ":refs/tags/t"}),
              "(1048577 bytes)");
  const Finished done = push({"origin", made("commit", commit, kMost) + ":refs/heads/long",
                              made("tag", tag, kMost) + ":refs/tags/t"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
}

TEST_F(PushChecksTest, ReadNoFolderThatIsTooLarge) {
  // 34 MB in names that are too long as well, which only a look into it could tell.
  ana_.shell("m", "git hash-object -w -t blob /dev/null");
  const std::string commit = ana_.shell(
      "m",
      fmt::format("t=$(awk 'BEGIN {{ n = sprintf(\"%04000d\", 0); "
                  "for (i = 10000; i < 18500; i++) printf \"100644 blob {}\\t%s%d\\n\", n, i }}' "
                  "| git mktree) && git commit-tree -p HEAD -m large $t",
                  kEmptyBlob));
  const std::string text = refusal_of_commit(commit);
  expect_says(text, "folders with too many files");
  expect_says(text, ana_.shell("m", "git rev-parse " + commit + ":") + " (");
  EXPECT_EQ(text.find("paths that cannot be"), std::string::npos) << text.substr(0, 5000);
}

TEST_F(PushChecksTest, TakeNoTimeForTreesOfManyPaths) {
  // 2^60 paths of 62 objects.
  ana_.shell("m", "git hash-object -w -t blob /dev/null");
  const std::string commit = ana_.shell(
      "m", fmt::format("t=$(printf '100644 blob {}\\tf\\n' | git mktree); i=0; "
                       "while [ $i -lt 60 ]; do i=$((i+1)); "
                       "t=$(printf \"040000 tree $t\\ta\\n040000 tree $t\\tb\\n\" | git mktree); "
                       "done; git commit-tree -p HEAD -m many $t",
                       kEmptyBlob));
  const Finished done = push({"origin", commit + ":refs/heads/many"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
}

TEST_F(PushChecksTest, KeepSymbolicLinksInside) {
  const auto link = [&](const std::string& path, const std::string& target) {
    ana_.in("m", {"checkout", "-q", "-B", "link", "origin/main"});
    ana_.shell("m", "mkdir -p $(dirname " + path + ") && ln -s '" + target + "' " + path);
    ana_.in("m", {"add", "."});
    ana_.in("m", {"commit", "-q", "-m", "a link"});
    return push({"-f", "origin", "link"});
  };
  EXPECT_EQ(link("a/b/up", "../../top").exit_code, 0);
  EXPECT_EQ(link("here", "./a/b").exit_code, 0);
  for (const char* target : {"/etc/passwd", "../outside", "a/../b", ".git/config", "../../x"}) {
    const Finished done = link("dir/link", target);
    if (std::string(target) == "../outside") {
      EXPECT_EQ(done.exit_code, 0) << done.errors;  // of dir/
      continue;
    }
    EXPECT_NE(done.exit_code, 0) << target;
    expect_says(done.errors, "dir/link");
    expect_says(done.errors, "symbolic links");
  }
}

TEST_F(PushChecksTest, RefuseALinkThatNoSystemCouldMake) {
  write_file_atomically(ana_.place("target"), std::string(100'000, 'a'));
  const std::string target = ana_.shell("m", "git hash-object -w ../target");
  const std::string text =
      refusal_of_commit(ana_.commit_tree("m", entry("120000", "blob", target, "link")));
  expect_says(text, "link: its target is too long");
}

TEST_F(PushChecksTest, SeeALinkThatOnlyAMovedFolderLeadsOutside) {
  ana_.shell("m", "mkdir -p a/b && ln -s ../../x a/b/link && git add . && git commit -q -m link");
  ASSERT_EQ(push().exit_code, 0);
  ana_.shell("m", "git mv a/b b && git commit -q -m moved");
  expect_says(refusal_of(), "b/link");
}

TEST_F(PushChecksTest, RefuseSubmodules) {
  const std::string commit =
      ana_.commit_tree("m", entry("160000", "commit", std::string(40, '1'), "sub"));
  const std::string text = refusal_of_commit(commit);
  expect_says(text, "submodules");
  expect_says(text, "  sub");
}

TEST_F(PushChecksTest, WarnOfACardThatCannotBeRead) {
  ana_.commit("m", "README.md", "---\nlicense: [mit\n---\n");
  const Finished done = push();
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  expect_says(done.errors, "Warning: the metadata in README.md of refs/heads/main");
  ana_.commit("m", "README.md", "---\nlicense: mit\n---\n");
  EXPECT_EQ(push().errors.find("Warning"), std::string::npos);
}

TEST_F(PushChecksTest, AllowOnlyNamesThatTheApiAllows) {
  ana_.commit("m", "a.txt", "1");
  const std::string hex(40, 'a');
  const std::pair<std::string, std::string> wrong[] = {
      {"refs/notes/x", "only branches, tags and pull requests"},
      {"refs/heads/" + hex, "40 hex digits"},
      {"refs/tags/" + hex, "40 hex digits"},
      {"refs/heads/HEAD", "HEAD stands for"},
      {"refs/heads/refs/heads/x", "twice"},
      {"refs/heads/" + std::string(251, 'n'), "too long"},
      {"refs/pr/1", "over the API"},
      {"refs/pr/x", "has a number"}};
  for (const auto& [ref, words] : wrong) {
    expect_says(refusal_of({"origin", "main:" + ref, "main:refs/heads/good"}), words);
  }
  expect_says(refusal_of({"origin", ":main"}), "the default branch cannot be deleted");
}

TEST_F(PushChecksTest, LetTheRefsOfPullRequestsMove) {
  const Response made =
      client_.commit("demo/m", to_ndjson(CommitFileLine{"p.txt", "please"}), "main?create_pr=1");
  ASSERT_EQ(made.status, 200) << made.body;
  ASSERT_EQ(ana_.in("m", {"fetch", "-q", "origin", "refs/pr/1:pr/1"}).exit_code, 0);
  ana_.in("m", {"checkout", "-q", "pr/1"});
  const std::string commit = ana_.commit("m", "a.txt", "1");
  const Finished done = push({"origin", "pr/1:refs/pr/1"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(head("refs/pr/1"), commit);
  // The pull request tells of what was pushed, and takes no more once it is closed.
  const nlohmann::json events = client_.get_json("/api/models/demo/m/discussions/1").at("events");
  EXPECT_EQ(events.back().at("type"), "commit");
  EXPECT_EQ(events.back().at("data").at("oid"), commit);
  EXPECT_EQ(client_.post("/api/models/demo/m/discussions/1/status", {{"status", "closed"}}).status,
            200);
  ana_.commit("m", "a.txt", "2");
  EXPECT_NE(push({"origin", "pr/1:refs/pr/1"}).exit_code, 0);
  EXPECT_EQ(head("refs/pr/1"), commit);
  expect_says(refusal_of({"origin", ":refs/pr/1"}), "over the API");
}

TEST_F(PushChecksTest, WantCommitsBehindBranchesAndTags) {
  const std::string blob = ana_.shell("m", "echo x | git hash-object -w --stdin");
  expect_says(refusal_of({"origin", blob + ":refs/tags/t"}), "no commit");
  const std::string tree = ana_.shell("m", "git write-tree");
  expect_says(refusal_of({"origin", tree + ":refs/tags/t"}), "no commit");
  ana_.in("m", {"tag", "-a", "-m", "t", "t"});
  // git itself sends no tag to a branch.
  EXPECT_EQ(push({"origin", "t"}).exit_code, 0);
}

}  // namespace
}  // namespace torchhub::testing
