#include "hub/local_client.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

namespace torchhub {
namespace {

using testing::HubAndClient;
using testing::repo;

/// Bytes that no two seeds share and no compression shortens.
std::string noise(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  std::uint32_t x = seed * 2654435761U + 1;
  for (char& c : bytes) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    c = static_cast<char>(x);
  }
  return bytes;
}

/// Loses the answer to the first commit: the server has made it, and we do not know.
class ForgetfulTransport final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    Response response = inner_->send(request, stop);
    const bool commit =
        request.method == "POST" && request.url.find("/commit/") != std::string::npos;
    if (commit && !lost_.exchange(true)) throw ConnectionError("the answer is lost", request.url);
    return response;
  }

 private:
  std::shared_ptr<Transport> inner_ = make_curl_transport();
  std::atomic<bool> lost_ = false;
};

struct LocalCommitTest : ::testing::Test {
  HubAndClient there;
  HubClient client = there.client();
  Repo resnet = repo("demo/resnet");

  void SetUp() override { client.create_repo(resnet); }

  std::map<std::string, std::uint64_t> sizes(const std::string& revision = "main") {
    std::map<std::string, std::uint64_t> found;
    for (const RepoTreeEntry& entry : client.list_repo_tree(resnet, revision)) {
      if (entry.type == RepoTreeEntry::Type::file && entry.path != ".gitattributes") {
        found[entry.path] = entry.size;
      }
    }
    return found;
  }
};

TEST_F(LocalCommitTest, KnowsWhoItIs) {
  const WhoAmI me = client.whoami();
  EXPECT_EQ(me.name, "demo");
  EXPECT_EQ(me.token_role, "write");
}

TEST_F(LocalCommitTest, CreatesARepositoryOnceAndFindsItAgain) {
  EXPECT_TRUE(client.repo_exists(resnet));
  EXPECT_FALSE(client.repo_exists(repo("demo/none")));
  EXPECT_THROW(client.create_repo(resnet), ConflictError);
  const RepoUrl again = client.create_repo(resnet, {.exist_ok = true});
  EXPECT_EQ(again.repo, resnet);
  EXPECT_EQ(again.url, there.hub().base_url() + "/demo/resnet");
  EXPECT_EQ(client.create_repo(repo("mine")).repo.id.str(), "demo/mine");
  client.delete_repo(resnet);
  EXPECT_FALSE(client.repo_exists(resnet));
}

TEST_F(LocalCommitTest, HidesAPrivateRepositoryFromStrangers) {
  client.create_repo(repo("demo/secret"), {.private_ = true});
  EXPECT_TRUE(client.repo_info(repo("demo/secret")).private_);
  EXPECT_THROW(there.client_with("").repo_info(repo("demo/secret")), RepositoryNotFoundError);
}

TEST_F(LocalCommitTest, CommitsSmallAndLargeFilesAtOnce) {
  const std::string weights = noise(3'000'000, 1);
  write_file_atomically(there.folder() / "w", weights);
  const CommitInfo info = client.create_commit(
      resnet,
      {CommitOperationAdd::from_bytes("config.json", "{}"),
       CommitOperationAdd::from_bytes("sub/ünï code #1.txt", "text"),
       CommitOperationAdd::from_bytes("empty.txt", ""),
       CommitOperationAdd::from_file("model.safetensors", there.folder() / "w")},
      {.commit_message = "First", .commit_description = "why\nand how"});
  EXPECT_TRUE(info.changed);
  EXPECT_EQ(info.bytes_sent, weights.size() + 6);
  EXPECT_EQ(info.commit_url, there.hub().base_url() + "/demo/resnet/commit/" + info.oid);
  EXPECT_EQ(sizes(), (std::map<std::string, std::uint64_t>{{"config.json", 2},
                                                           {"sub/ünï code #1.txt", 4},
                                                           {"empty.txt", 0},
                                                           {"model.safetensors", 3'000'000}}));
  EXPECT_EQ(client.repo_info(resnet).sha, info.oid);
  const auto commits = client.list_repo_commits(resnet);
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_EQ(commits[0].id, info.oid);
  EXPECT_EQ(commits[0].title, "First");
  EXPECT_EQ(commits[0].message, "why\nand how");
  EXPECT_EQ(commits[0].authors, std::vector<std::string>{"demo"});
}

TEST_F(LocalCommitTest, FindsTheCommitWhoseAnswerWasLost) {
  client.create_commit(resnet,
                       {CommitOperationAdd::from_bytes("old.txt", "o"),
                        CommitOperationAdd::from_bytes("d/b.txt", "b")},
                       {.commit_message = "first"});
  HubOptions options = there.options();
  options.transport = std::make_shared<ForgetfulTransport>();
  const CommitInfo info = HubClient(options).create_commit(
      resnet,
      {CommitOperationDelete{.path_in_repo = "old.txt"},
       CommitOperationDelete{.path_in_repo = "d/"}, CommitOperationAdd::from_bytes("d/c.txt", "c"),
       CommitOperationAdd::from_bytes("w.bin", noise(5000, 5)),
       CommitOperationAdd::from_bytes("no-rule-for-this", noise(5000, 6))},
      {.commit_message = "second ", .commit_description = "why\n"});
  EXPECT_EQ(info.oid, client.repo_info(resnet).sha);
  EXPECT_EQ(client.list_repo_commits(resnet).size(), 3U) << "with the initial one; none twice";
}

TEST_F(LocalCommitTest, SendsNothingTheSecondTime) {
  write_file_atomically(there.folder() / "up/config.json", "{}");
  write_file_atomically(there.folder() / "up/model.safetensors", noise(50'000, 2));
  const CommitInfo first = client.upload_folder(resnet, there.folder() / "up");
  EXPECT_TRUE(first.changed);
  const CommitInfo second = client.upload_folder(resnet, there.folder() / "up");
  EXPECT_FALSE(second.changed);
  EXPECT_EQ(second.oid, first.oid);
  EXPECT_EQ(second.bytes_sent, 0U);
  EXPECT_EQ(client.list_repo_commits(resnet).size(), 2U);
}

TEST_F(LocalCommitTest, SendsAnObjectOnceForTwoPlaces) {
  const std::string weights = noise(40'000, 3);
  client.create_commit(resnet, {CommitOperationAdd::from_bytes("a.bin", weights)},
                       {.commit_message = "a"});
  const CommitInfo info = client.create_commit(
      resnet, {CommitOperationAdd::from_bytes("last-checkpoint/a.bin", weights)},
      {.commit_message = "b"});
  EXPECT_TRUE(info.changed);
  EXPECT_EQ(info.bytes_sent, 0U);
}

TEST_F(LocalCommitTest, DeletesAndCopies) {
  client.create_commit(resnet,
                       {CommitOperationAdd::from_bytes("a.txt", "a"),
                        CommitOperationAdd::from_bytes("w.bin", noise(1000, 4)),
                        CommitOperationAdd::from_bytes("d/b.txt", "b"),
                        CommitOperationAdd::from_bytes("d/e/c.txt", "c")},
                       {.commit_message = "all"});
  client.create_commit(resnet,
                       {CommitOperationDelete{.path_in_repo = "d/"},
                        CommitOperationCopy{.source_path = "w.bin", .path_in_repo = "copy.bin"},
                        CommitOperationCopy{.source_path = "a.txt", .path_in_repo = "copy.txt"},
                        CommitOperationDelete{.path_in_repo = "a.txt"}},
                       {.commit_message = "fewer"});
  EXPECT_EQ(sizes(), (std::map<std::string, std::uint64_t>{
                         {"copy.bin", 1000}, {"copy.txt", 1}, {"w.bin", 1000}}));
  EXPECT_THROW(client.delete_file(resnet, "none.txt"), RemoteEntryNotFoundError);
  EXPECT_THROW(client.create_commit(
                   resnet, {CommitOperationCopy{.source_path = "none", .path_in_repo = "x"}},
                   {.commit_message = "m"}),
               RemoteEntryNotFoundError);
}

TEST_F(LocalCommitTest, RefusesAParentThatIsNotTheHead) {
  const std::string old_head = client.repo_info(resnet).sha;
  client.upload_file(resnet, CommitOperationAdd::from_bytes("a", "1"));
  EXPECT_THROW(client.upload_file(resnet, CommitOperationAdd::from_bytes("b", "1"),
                                  {.parent_commit = old_head}),
               HeadMovedError);
  const std::string head = client.repo_info(resnet).sha;
  EXPECT_NO_THROW(client.upload_file(resnet, CommitOperationAdd::from_bytes("b", "1"),
                                     {.parent_commit = head}));
}

TEST_F(LocalCommitTest, TakesCommitsFromSeveralThreads) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([this, t] {
        const std::string name = "f" + std::to_string(t);
        client.upload_file(resnet, CommitOperationAdd::from_bytes(name, name));
      });
    }
  }
  EXPECT_EQ(sizes().size(), 4U);
  EXPECT_EQ(client.list_repo_commits(resnet).size(), 5U);
}

TEST_F(LocalCommitTest, CommitsToABranchAndPinsATag) {
  const CommitInfo on_main = client.upload_file(resnet, CommitOperationAdd::from_bytes("a", "1"));
  client.create_branch(resnet, "runs/one");
  EXPECT_THROW(client.create_branch(resnet, "runs/one"), ConflictError);
  EXPECT_NO_THROW(client.create_branch(resnet, "runs/one", {.exist_ok = true}));
  const CommitInfo on_branch = client.upload_file(resnet, CommitOperationAdd::from_bytes("b", "2"),
                                                  {.revision = "runs/one"});
  client.create_tag(resnet, "v1", {.revision = "runs/one", .message = "One"});
  EXPECT_EQ(client.repo_info(resnet).sha, on_main.oid);
  EXPECT_EQ(client.repo_info(resnet, "v1").sha, on_branch.oid);
  EXPECT_EQ(client.repo_info(resnet, on_branch.oid.substr(0, 7)).sha, on_branch.oid);
  const GitRefs refs = client.list_repo_refs(resnet);
  ASSERT_EQ(refs.branches.size(), 2U);
  ASSERT_EQ(refs.tags.size(), 1U);
  EXPECT_EQ(refs.tags[0].target_commit, on_branch.oid);
  client.delete_tag(resnet, "v1");
  client.delete_branch(resnet, "runs/one");
  EXPECT_EQ(client.list_repo_refs(resnet).branches.size(), 1U);
}

}  // namespace
}  // namespace torchhub
