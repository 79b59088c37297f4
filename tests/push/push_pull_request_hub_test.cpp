// create_pr at a real hub.
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_folder.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::TempDir;

TEST(PushPullRequestToAHub, MakesNoRepository) {
  const TempDir folder;
  const LocalHub hub;
  const HubClient client(
      {.endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder / "cache"});
  const Repo repo{.id = {.owner = "demo", .name = "net"}};
  write_file_atomically(folder / "net/model.safetensors", "weights");
  PushFolderOptions options{.create_pr = true};
  for (const char* name : {"demo/net", "net"}) {
    options.repo_id = name;
    const std::string message = testing::message_of<RepositoryNotFoundError>(
        [&] { push_folder(client, folder / "net", options); });
    EXPECT_EQ(message.find("a pull request needs a repository that is there; a push without it "
                           "makes one: Repository 'demo/net' (model) not found at "),
              0U)
        << message;
  }
  EXPECT_FALSE(client.repo_exists(repo));
}

TEST(PushPullRequestToAHub, NeedsTheRightToWriteForABranchThatIsMissing) {
  const TempDir folder;
  LocalHub hub;
  const auto client = [&](const std::string& token) {
    return HubClient({.endpoint = hub.base_url(), .token = token, .cache_dir = folder / "cache"});
  };
  const Repo repo{.id = {.owner = "demo", .name = "net"}};
  client(hub.token()).create_repo(repo);
  write_file_atomically(folder / "net/model.safetensors", "weights");
  const PushFolderOptions options{.repo_id = "demo/net", .revision = "v2", .create_pr = true};
  EXPECT_THROW(push_folder(client(hub.read_token()), folder / "net", options), ForbiddenError);
  EXPECT_EQ(client(hub.token()).list_repo_refs(repo).branches.size(), 1U);
}

TEST(PushPullRequestToAHub, LandsOnARefOfItsOwnByTheRightToRead) {
  const TempDir folder;
  LocalHub hub;
  const auto client = [&](const std::string& token) {
    return HubClient({.endpoint = hub.base_url(), .token = token, .cache_dir = folder / "cache"});
  };
  const Repo repo{.id = {.owner = "demo", .name = "net"}};
  client(hub.token()).create_repo(repo);
  const HubClient guest = client(hub.create_user("guest"));
  const std::string head = guest.repo_info(repo).sha;
  write_file_atomically(folder / "net/model.safetensors", "weights");
  write_file_atomically(folder / "net/config.json", "{}");
  const PushFolderOptions options{.repo_id = "demo/net", .create_pr = true};
  const CommitInfo info = push_folder(guest, folder / "net", options);
  EXPECT_EQ(info.pr_url, hub.base_url() + "/demo/net/discussions/1");
  EXPECT_EQ(info.pr_num, 1);
  EXPECT_EQ(info.pr_revision, "refs/pr/1");
  EXPECT_EQ(guest.repo_info(repo).sha, head);
  const RepoInfo made = guest.repo_info(repo, "refs/pr/1");
  EXPECT_EQ(made.sha, info.oid);
  EXPECT_EQ(testing::commit_titles(guest, repo).size(), 1U);
  const auto weights = guest.hub_download(repo, "model.safetensors", {.revision = "refs/pr/1"});
  EXPECT_EQ(read_file(weights), "weights");
  // What follows goes to the same pull request.
  write_file_atomically(folder / "net/config.json", "{\"a\": 1}");
  const CommitInfo next =
      push_folder(guest, folder / "net", {.repo_id = "demo/net", .revision = "refs/pr/1"});
  EXPECT_EQ(guest.repo_info(repo, "refs/pr/1").sha, next.oid);
  EXPECT_EQ(push_folder(guest, folder / "net", options).pr_num, 2);
}

}  // namespace
}  // namespace torchhub
