#include "server/git_user.h"
#include "server/hub_client.h"
#include "support/child_process.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

class GitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    client_.commit_file("demo/m", "dir/a.txt", "hello");
  }

  LocalHub hub_;
  HubClient client_{hub_};
  GitUser anybody_{hub_.base_url(), ""};
};

TEST_F(GitTest, ClonesTheSameBytes) {
  for (const std::string& name : {std::string("m"), std::string("m.git")}) {
    anybody_.clone("demo/" + name, name);
    EXPECT_EQ(read_file(anybody_.place(name) / "dir" / "a.txt"), "hello");
  }
  const Finished fsck = anybody_.in("m", {"fsck", "--strict"});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.errors;
}

TEST_F(GitTest, FetchesWhatCameSince) {
  anybody_.clone("demo/m", "m");
  const std::string commit = client_.commit_file("demo/m", "dir/a.txt", "newer");
  const Finished pull = anybody_.in("m", {"pull"});
  ASSERT_EQ(pull.exit_code, 0) << pull.errors;
  EXPECT_EQ(read_file(anybody_.place("m") / "dir" / "a.txt"), "newer");
  EXPECT_EQ(anybody_.in("m", {"rev-parse", "HEAD"}).output, commit + "\n");
}

TEST_F(GitTest, ClonesShallowAndByOldProtocols) {
  client_.commit_file("demo/m", "b.txt", "newer");
  anybody_.clone("demo/m", "shallow", {"--depth", "1"});
  EXPECT_EQ(anybody_.in("shallow", {"rev-list", "--count", "HEAD"}).output, "1\n");
  for (const std::string& version : {std::string("0"), std::string("1")}) {
    anybody_.clone("demo/m", "old" + version, {"-c", "protocol.version=" + version});
    EXPECT_TRUE(fs::exists(anybody_.place("old" + version) / "b.txt"));
  }
}

TEST_F(GitTest, ClonesPartiallyAndFetchesTheRestWhenItIsWanted) {
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    lines += to_ndjson(CommitFileLine{"many/" + number, number});
  }
  client_.commit("demo/m", lines);
  const auto missing = [&] {
    const std::string objects =
        anybody_.shell("partial", "git rev-list --objects --all --missing=print");
    return std::count(objects.begin(), objects.end(), '?');
  };
  anybody_.clone("demo/m", "partial", {"--no-checkout", "--filter=blob:none"});
  // A server that knows no filters sends everything, and git is content.
  EXPECT_EQ(missing(), 202) << "the 200, dir/a.txt and .gitattributes";
  anybody_.shell("partial", "git checkout -q main -- many/7");
  EXPECT_EQ(missing(), 201);
  anybody_.shell("partial", "git reset -q --hard");
  EXPECT_EQ(missing(), 0);
  EXPECT_EQ(read_file(anybody_.place("partial") / "many" / "199"), "199");
}

TEST_F(GitTest, GitLfsFetchesTheRealBytes) {
  if (!anybody_.install_lfs()) GTEST_SKIP() << "git-lfs is not installed";
  const std::string bytes(200'000, 'L');
  const std::string oid = client_.upload("demo/m", bytes);
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"model.bin", oid, bytes.size()}));
  anybody_.clone("demo/m", "m");
  EXPECT_EQ(read_file(anybody_.place("m") / "model.bin"), bytes);
  const Finished fsck = anybody_.in("m", {"lfs", "fsck"});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.output;
}

TEST_F(GitTest, PrivateRepositoriesNeedAToken) {
  client_.create_repo("hidden", {{"private", true}});
  const auto clone = [](const GitUser& who, const std::string& repo) {
    return who.git({"clone", who.url(repo), "clone"});
  };
  const Finished anonymous = clone(anybody_, "demo/hidden");
  EXPECT_NE(anonymous.exit_code, 0);
  const Finished missing = clone(anybody_, "demo/missing");
  std::string words = missing.errors;
  for (std::size_t at = words.find("missing"); at != std::string::npos;
       at = words.find("missing")) {
    words.replace(at, 7, "hidden");
  }
  EXPECT_EQ(anonymous.errors, words);
  EXPECT_NE(clone({hub_.base_url(), "hf_wrong"}, "demo/hidden").exit_code, 0);
  const Finished owner = clone({hub_.base_url(), hub_.token()}, "demo/hidden");
  EXPECT_EQ(owner.exit_code, 0) << owner.errors;
}

TEST_F(GitTest, ListsRefs) {
  const std::string head = client_.commit_file("demo/m", "dir/a.txt", "newer");
  client_.post("/api/models/demo/m/branch/other", nlohmann::json::object());
  client_.post("/api/models/demo/m/tag/main", {{"tag", "v1"}});
  EXPECT_EQ(anybody_.git({"ls-remote", anybody_.url("demo/m")}).output,
            head + "\tHEAD\n" + head + "\trefs/heads/main\n" + head + "\trefs/heads/other\n" +
                head + "\trefs/tags/v1\n");
}

TEST_F(GitTest, SpeaksSmartHttpOnly) {
  EXPECT_EQ(client_.get("/demo/m/info/refs").status, 403);
  EXPECT_EQ(client_.get("/demo/m/info/refs?service=git-evil").status, 403);
  EXPECT_EQ(client_.get("/demo/m.git/HEAD").status, 404);
}

TEST_F(GitTest, AgreesWithGitOnTheProtocol) {
  const auto first_line = [&](const std::string& protocol) {
    const Response response =
        client_.get("/demo/m/info/refs?service=git-upload-pack", {{"Git-Protocol", protocol}});
    return response.body.substr(0, response.body.find('\n'));
  };
  const std::string old = "001e# service=git-upload-pack";
  EXPECT_EQ(first_line("version=2"), "000eversion 2");
  EXPECT_EQ(first_line("version=2:session_id=a_b"), "000eversion 2");
  EXPECT_EQ(first_line("version=20"), old);
  EXPECT_EQ(first_line("version=2:$(id)"), old) << "what git may not see does not count";
  EXPECT_EQ(first_line("version=1"), old);
}

TEST_F(GitTest, ServesManyClonesWithFewProcesses) {
  std::vector<std::unique_ptr<ChildProcess>> clones;
  for (int i = 0; i < 10; ++i) {
    clones.push_back(std::make_unique<ChildProcess>(
        std::vector<std::string>{"git", "clone", "-q", anybody_.url("demo/m"),
                                 anybody_.place("c" + std::to_string(i)).string()},
        anybody_.environment()));
  }
  for (const auto& clone : clones) EXPECT_EQ(clone->wait(), 0) << clone->errors();
}

}  // namespace
}  // namespace torchhub::testing
