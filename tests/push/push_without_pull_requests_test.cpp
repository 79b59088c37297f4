// create_pr at a Hub that makes no pull requests, as `torchhub serve` does not.
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_folder.h"

#include <gtest/gtest.h>

#include <atomic>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::TempDir;

class CountsUploads final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    if (request.method == "PUT") ++uploads;
    return inner_->send(request, std::move(stop));
  }
  std::atomic<int> uploads = 0;

 private:
  const std::shared_ptr<Transport> inner_ = make_curl_transport();
};

TEST(PushWithoutPullRequests, MakesNoRepository) {
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

TEST(PushWithoutPullRequests, NeedsTheRightToWriteForABranchThatIsMissing) {
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

TEST(PushWithoutPullRequests, IsRefusedBeforeAnyFileTravelsAndLeavesNothing) {
  const TempDir folder;
  const LocalHub hub;
  const auto transport = std::make_shared<CountsUploads>();
  const HubClient client({.endpoint = hub.base_url(),
                          .token = hub.token(),
                          .cache_dir = folder / "cache",
                          .transport = transport});
  const Repo repo{.id = {.owner = "demo", .name = "net"}};
  client.create_repo(repo);
  write_file_atomically(folder / "net/model.safetensors", "weights");
  const std::string message = testing::message_of<HubHttpError>(
      [&] { push_folder(client, folder / "net", {.repo_id = "demo/net", .create_pr = true}); });
  EXPECT_EQ(message.find("This Hub cannot do it: "), 0U) << message;
  EXPECT_TRUE(message.ends_with("): torchhub serve makes no pull requests; commit to a branch."))
      << message;
  EXPECT_EQ(transport->uploads, 0);
  EXPECT_EQ(testing::commit_titles(client, repo).size(), 1U);
  push_folder(client, folder / "net", {.repo_id = "demo/net"});
  EXPECT_EQ(transport->uploads, 1);
  EXPECT_EQ(testing::commit_titles(client, repo).size(), 2U);
}

}  // namespace
}  // namespace torchhub
