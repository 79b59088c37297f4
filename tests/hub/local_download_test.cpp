#include "hub/local_client.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/cache.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::HubAndClient;
using testing::repo;

/// A repository with a card, a config, an empty file and weights that lie in LFS.
struct LocalDownloadTest : ::testing::Test {
  HubAndClient there;
  HubClient client = there.client();
  Repo resnet = repo("demo/resnet");
  const std::string weights = std::string(1'000'000, 'w');
  std::string head = {};

  void SetUp() override {
    client.create_repo(resnet);
    head = client
               .create_commit(resnet,
                              {CommitOperationAdd::from_bytes("README.md", "# Demo\n"),
                               CommitOperationAdd::from_bytes("config.json", "{}"),
                               CommitOperationAdd::from_bytes("sub/empty", ""),
                               CommitOperationAdd::from_bytes("model.safetensors", weights)},
                              {.commit_message = "First"})
               .oid;
  }
};

TEST_F(LocalDownloadTest, BringsSmallLargeAndEmptyFiles) {
  EXPECT_EQ(read_file(client.hub_download(resnet, "config.json")), "{}");
  EXPECT_EQ(read_file(client.hub_download(resnet, "model.safetensors")), weights);
  EXPECT_EQ(read_file(client.hub_download(resnet, "empty", {.subfolder = "sub"})), "");
}

TEST_F(LocalDownloadTest, BringsAWholeSnapshotThatOneFileDownloadsShare) {
  const fs::path one = client.hub_download(resnet, "model.safetensors");
  const fs::path folder = client.snapshot_download(resnet);
  EXPECT_EQ(one.parent_path(), folder);
  EXPECT_EQ(read_file(folder / "README.md"), "# Demo\n");
  EXPECT_EQ(read_file(folder / "model.safetensors"), weights);
  EXPECT_TRUE(fs::exists(folder / "sub/empty"));
}

TEST_F(LocalDownloadTest, PinsACommitByItsShortHash) {
  client.upload_file(resnet, CommitOperationAdd::from_bytes("config.json", "{\"new\":1}"));
  EXPECT_EQ(read_file(client.hub_download(resnet, "config.json", {.revision = head.substr(0, 7)})),
            "{}");
  EXPECT_EQ(read_file(client.hub_download(resnet, "config.json")), "{\"new\":1}");
  EXPECT_EQ(client.snapshot_download(resnet, {.revision = head}).filename(), head);
}

TEST_F(LocalDownloadTest, NeedsTheServerOnlyOnce) {
  const fs::path file = client.hub_download(resnet, "config.json");
  const fs::path folder = client.snapshot_download(resnet);
  there.hub().stop();
  EXPECT_EQ(client.hub_download(resnet, "config.json"), file);
  EXPECT_EQ(client.hub_download(resnet, "config.json", {.revision = head}), file);
  EXPECT_EQ(client.snapshot_download(resnet), folder);
  there.hub().start();
  EXPECT_EQ(client.snapshot_download(resnet), folder);
}

TEST_F(LocalDownloadTest, LetsThreadsAskForTheSameFile) {
  std::vector<fs::path> paths(6);
  {
    std::vector<std::jthread> threads;
    for (fs::path& path : paths) {
      threads.emplace_back([&] { path = client.hub_download(resnet, "model.safetensors"); });
    }
  }
  for (const fs::path& path : paths) EXPECT_EQ(path, paths[0]);
  EXPECT_EQ(read_file(paths[0]), weights);
}

TEST_F(LocalDownloadTest, RemembersWhatIsAbsent) {
  EXPECT_THROW(client.hub_download(resnet, "tokenizer.json"), RemoteEntryNotFoundError);
  EXPECT_EQ(try_to_load_from_cache(there.folder() / "cache", resnet, "tokenizer.json").state,
            CachedFile::State::absent);
  EXPECT_FALSE(client.file_exists(resnet, "tokenizer.json"));
  EXPECT_TRUE(client.file_exists(resnet, "config.json"));
}

TEST_F(LocalDownloadTest, FindsAPrivateFileWithTheTokenOnly) {
  const Repo secret = repo("demo/secret");
  client.create_repo(secret, {.private_ = true});
  client.upload_file(secret, CommitOperationAdd::from_bytes("f", "hidden"));
  EXPECT_EQ(read_file(client.hub_download(secret, "f")), "hidden");
  HubOptions stranger = there.options();
  stranger.token.reset();
  stranger.cache_dir = there.folder() / "other";
  EXPECT_THROW(HubClient(stranger).hub_download(secret, "f"), RepositoryNotFoundError);
}

TEST_F(LocalDownloadTest, TakesOverAPartAndAsksForTheRest) {
  const fs::path whole = client.hub_download(resnet, "model.safetensors");
  const fs::path blob = fs::canonical(whole);
  const fs::path part = blob.string() + ".00112233.incomplete";
  fs::remove_all(whole.parent_path());
  fs::rename(blob, part);
  fs::resize_file(part, 400'000);
  fs::last_write_time(part, fs::file_time_type::clock::now() - std::chrono::hours(1));
  HubOptions options = there.options();
  options.clock = system_clock();
  std::uint64_t first = 0;
  const auto note = [&](const TransferProgress& step) {
    if (first == 0) first = step.bytes_done;
  };
  EXPECT_EQ(
      read_file(HubClient(options).hub_download(resnet, "model.safetensors", {.progress = note})),
      weights);
  EXPECT_GT(first, 400'000U);
  EXPECT_FALSE(fs::exists(part));
}

}  // namespace
}  // namespace torchhub
