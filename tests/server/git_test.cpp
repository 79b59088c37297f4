#include "server/hub_client.h"
#include "support/child_process.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

class GitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    client_.commit_file("demo/m", "dir/a.txt", "hello");
  }

  /// git as a user without any settings has it.
  Finished git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "git");
    return run(std::move(arguments),
               {"HOME=" + folder_.path().string(), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
                "GIT_ASKPASS=/bin/false", "no_proxy=*"});
  }
  std::string url(const std::string& login = {}) const {
    const std::string address = hub_.base_url().substr(7);
    return "http://" + (login.empty() ? "" : login + "@") + address + "/demo/";
  }
  std::string place(const std::string& name) const { return (folder_ / name).string(); }

  LocalHub hub_;
  HubClient client_{hub_};
  TempDir folder_;
};

TEST_F(GitTest, ClonesTheSameBytes) {
  for (const std::string& end : {std::string("m"), std::string("m.git")}) {
    const Finished clone = git({"clone", url() + end, place("clone-" + end)});
    ASSERT_EQ(clone.exit_code, 0) << clone.errors;
    EXPECT_EQ(read_file(folder_ / ("clone-" + end) / "dir" / "a.txt"), "hello");
  }
  const Finished fsck = git({"-C", place("clone-m"), "fsck", "--strict"});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.errors;
}

TEST_F(GitTest, FetchesWhatCameSince) {
  ASSERT_EQ(git({"clone", url() + "m", place("clone")}).exit_code, 0);
  const std::string commit = client_.commit_file("demo/m", "dir/a.txt", "newer");
  const Finished pull = git({"-C", place("clone"), "pull"});
  ASSERT_EQ(pull.exit_code, 0) << pull.errors;
  EXPECT_EQ(read_file(folder_ / "clone" / "dir" / "a.txt"), "newer");
  EXPECT_EQ(git({"-C", place("clone"), "rev-parse", "HEAD"}).output, commit + "\n");
}

TEST_F(GitTest, ClonesShallowPartialAndByOldProtocols) {
  std::string lines;
  for (int i = 0; i < 200; ++i)
    lines += to_ndjson(CommitFileLine{"many/" + std::to_string(i), "x"});
  client_.commit("demo/m", lines);
  EXPECT_EQ(git({"clone", "--depth", "1", url() + "m", place("shallow")}).exit_code, 0);
  EXPECT_EQ(git({"-C", place("shallow"), "rev-list", "--count", "HEAD"}).output, "1\n");
  const Finished partial = git({"clone", "--filter=blob:none", url() + "m", place("partial")});
  EXPECT_EQ(partial.exit_code, 0) << partial.errors;
  EXPECT_TRUE(fs::exists(folder_ / "partial" / "many" / "199"));
  for (const char* version : {"0", "1"}) {
    const Finished old = git({"-c", std::string("protocol.version=") + version, "clone",
                              url() + "m", place(std::string("old") + version)});
    EXPECT_EQ(old.exit_code, 0) << old.errors;
  }
}

TEST_F(GitTest, GitLfsFetchesTheRealBytes) {
  if (git({"lfs", "version"}).exit_code != 0) GTEST_SKIP() << "git-lfs is not installed";
  // Not into the checkout in which the tests run: its hooks are the developer's.
  ASSERT_EQ(git({"lfs", "install", "--skip-repo"}).exit_code, 0);
  const std::string bytes(200'000, 'L');
  const std::string oid = client_.upload("demo/m", bytes);
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"model.bin", oid, bytes.size()}));
  const Finished clone = git({"clone", url() + "m", place("clone")});
  ASSERT_EQ(clone.exit_code, 0) << clone.errors;
  EXPECT_EQ(read_file(folder_ / "clone" / "model.bin"), bytes);
  const Finished fsck = git({"-C", place("clone"), "lfs", "fsck"});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.output;
}

TEST_F(GitTest, PrivateRepositoriesNeedAToken) {
  client_.create_repo("hidden", {{"private", true}});
  const Finished anonymous = git({"clone", url() + "hidden", place("no")});
  EXPECT_NE(anonymous.exit_code, 0);
  const Finished missing = git({"clone", url() + "missing", place("no")});
  std::string words = missing.errors;
  for (std::size_t at = words.find("missing"); at != std::string::npos;
       at = words.find("missing")) {
    words.replace(at, 7, "hidden");
  }
  EXPECT_EQ(anonymous.errors, words);
  const Finished owner = git({"clone", url("demo:" + hub_.token()) + "hidden", place("yes")});
  EXPECT_EQ(owner.exit_code, 0) << owner.errors;
  EXPECT_NE(git({"clone", url("demo:hf_wrong") + "hidden", place("no")}).exit_code, 0);
}

TEST_F(GitTest, ListsRefs) {
  const std::string head = client_.commit_file("demo/m", "dir/a.txt", "newer");
  client_.post("/api/models/demo/m/branch/other", nlohmann::json::object());
  client_.post("/api/models/demo/m/tag/main", {{"tag", "v1"}});
  EXPECT_EQ(git({"ls-remote", url() + "m"}).output,
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
        std::vector<std::string>{"git", "clone", "-q", url() + "m", place("c" + std::to_string(i))},
        std::vector<std::string>{"no_proxy=*"}));
  }
  for (const auto& clone : clones) EXPECT_EQ(clone->wait(), 0) << clone->errors();
}

}  // namespace
}  // namespace torchhub::testing
