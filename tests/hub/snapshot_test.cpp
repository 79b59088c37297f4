#include "hub/scripted_hub.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <mutex>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::demo_repo;
using testing::kCommit;
using testing::kOtherCommit;
using testing::ScriptedHub;

/// A repository of small files, and one that lies in LFS, at `main`.
struct SnapshotTest : ::testing::Test {
  ScriptedHub hub;
  const std::string weights = std::string(3000, 'w');

  void SetUp() override {
    const std::map<std::string, std::string> files = {
        {"config.json", "{}"}, {"sub/a.txt", "a"}, {"model.safetensors", weights}};
    nlohmann::json tree = nlohmann::json::array({{{"type", "directory"}, {"path", "sub"}}});
    for (const auto& [path, bytes] : files) {
      nlohmann::json entry{
          {"type", "file"}, {"path", path}, {"oid", git_blob_id(bytes)}, {"size", bytes.size()}};
      if (path.ends_with(".safetensors")) {
        entry["lfs"] = {{"oid", sha256_hex(bytes)}, {"size", bytes.size()}, {"pointerSize", 1}};
      }
      tree.push_back(std::move(entry));
      hub.on("GET /demo/resnet/resolve/" + kCommit + "/" + path, {.body = bytes});
    }
    hub.on("GET /api/models/demo/resnet/revision/main",
           {.body = R"({"id":"demo/resnet","sha":")" + kCommit + "\"}"});
    hub.on("GET /api/models/demo/resnet/tree/" + kCommit, {.body = tree.dump()});
  }
};

TEST_F(SnapshotTest, BringsEveryFileWithOneRequestEach) {
  const fs::path folder = hub.client().snapshot_download(demo_repo());
  EXPECT_EQ(folder, hub.cached("snapshots/" + kCommit));
  EXPECT_EQ(read_file(folder / "config.json"), "{}");
  EXPECT_EQ(read_file(folder / "sub/a.txt"), "a");
  EXPECT_EQ(read_file(folder / "model.safetensors"), weights);
  EXPECT_EQ(fs::read_symlink(folder / "model.safetensors"), "../../blobs/" + sha256_hex(weights));
  EXPECT_EQ(read_file(hub.cached("refs/main")), kCommit);
  EXPECT_EQ(hub.server().requests().size(), 5U) << "info, tree and three files";
}

TEST_F(SnapshotTest, WritesTheTreeAsPythonDoes) {
  hub.client().snapshot_download(demo_repo(), {.filter = {.allow = {"config.json"}}});
  const std::string text = read_file(hub.cached("trees/" + kCommit + ".json"));
  EXPECT_EQ(text,
            "{\n \"files\": {\n  \"config.json\": {\n   \"blob_id\": \"" + git_blob_id("{}") +
                "\",\n   \"size\": 2\n  },\n  \"model.safetensors\": {\n   \"blob_id\": \"" +
                git_blob_id(weights) + "\",\n   \"lfs_sha256\": \"" + sha256_hex(weights) +
                "\",\n   \"lfs_size\": 3000,\n   \"size\": 3000\n  },\n  \"sub/a.txt\": {\n   "
                "\"blob_id\": \"" +
                git_blob_id("a") + "\",\n   \"size\": 1\n  }\n },\n \"format_version\": 1\n}");
}

TEST_F(SnapshotTest, TakesWhatTheFilterTakes) {
  const fs::path folder = hub.client().snapshot_download(
      demo_repo(), {.filter = {.allow = {"*.json", "sub/"}, .ignore = {"*.txt"}}});
  EXPECT_TRUE(fs::exists(folder / "config.json"));
  EXPECT_FALSE(fs::exists(folder / "sub/a.txt"));
  EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
}

TEST_F(SnapshotTest, AsksNothingForAPinnedCommitThatIsComplete) {
  const fs::path folder = hub.client().snapshot_download(demo_repo());
  const std::size_t before = hub.server().requests().size();
  EXPECT_EQ(hub.client().snapshot_download(demo_repo(), {.revision = kCommit}), folder);
  EXPECT_EQ(hub.server().requests().size(), before);
}

TEST_F(SnapshotTest, BringsOnlyWhatIsMissing) {
  hub.client().snapshot_download(demo_repo(), {.filter = {.allow = {"config.json"}}});
  const std::size_t before = hub.server().requests().size();
  hub.client().snapshot_download(demo_repo());
  EXPECT_EQ(hub.server().requests().size(), before + 3) << "info and two files; the tree is known";
}

TEST_F(SnapshotTest, AnswersFromTheCacheWhenTheServerIsDown) {
  const fs::path folder = hub.client().snapshot_download(demo_repo());
  HubOptions options = hub.options();
  options.endpoint = testing::url_where_nothing_listens();
  EXPECT_EQ(HubClient(options).snapshot_download(demo_repo()), folder);
  EXPECT_EQ(hub.client().snapshot_download(demo_repo(), {.local_files_only = true}), folder);
}

TEST_F(SnapshotTest, SaysWhichFileACachedSnapshotLacks) {
  hub.client().snapshot_download(demo_repo(), {.filter = {.allow = {"config.json"}}});
  EXPECT_NO_THROW(hub.client().snapshot_download(
      demo_repo(), {.filter = {.allow = {"config.json"}}, .local_files_only = true}));
  try {
    hub.client().snapshot_download(demo_repo(), {.local_files_only = true});
    FAIL() << "no exception";
  } catch (const IncompleteSnapshotError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "The cached snapshot of 'demo/resnet' at revision 'main' lacks 'model.safetensors' (" +
            hub.cached("snapshots/" + kCommit + "/model.safetensors").string() +
            "). Go online and download it again, or leave the file out with a filter.");
    EXPECT_EQ(error.entry(), "model.safetensors");
  }
}

TEST_F(SnapshotTest, SaysThatThereIsNoSnapshot) {
  try {
    hub.client().snapshot_download(demo_repo(), {.local_files_only = true});
    FAIL() << "no exception";
  } catch (const LocalEntryNotFoundError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "No snapshot of 'demo/resnet' (model) at revision 'main' is complete in the cache at " +
            hub.cached("").parent_path().string() +
            ", and the Hub was not asked: local_files_only is set. Go online, or download it "
            "first.");
  }
}

TEST_F(SnapshotTest, SaysThatTheRevisionIsNotThere) {
  hub.on("GET /api/models/demo/resnet/revision/v9",
         {.status = 404, .headers = {{"X-Error-Code", "RevisionNotFound"}}});
  EXPECT_THROW(hub.client().snapshot_download(demo_repo(), {.revision = "v9"}),
               RevisionNotFoundError);
}

TEST_F(SnapshotTest, KeepsWhatCameBeforeOneFileFailed) {
  hub.on("GET /demo/resnet/resolve/" + kCommit + "/model.safetensors", {.body = "not the weights"});
  EXPECT_THROW(hub.client().snapshot_download(demo_repo()), CorruptDownloadError);
  EXPECT_FALSE(fs::exists(hub.cached("snapshots/" + kCommit + "/model.safetensors")));
}

TEST_F(SnapshotTest, RefusesATreeThatLeavesTheCache) {
  hub.on("GET /api/models/demo/resnet/tree/" + kCommit,
         {.body = R"([{"type":"file","path":"../../../evil","oid":")" + std::string(40, 'a') +
                  R"(","size":1}])"});
  EXPECT_THROW(hub.client().snapshot_download(demo_repo()), Error);
}

TEST_F(SnapshotTest, TellsProgressOneStepAtATime) {
  std::mutex busy;
  std::map<std::string, std::uint64_t> done;
  hub.client().snapshot_download(demo_repo(), {.progress = [&](const TransferProgress& step) {
                                   ASSERT_TRUE(busy.try_lock());
                                   done[step.path] = step.bytes_done;
                                   busy.unlock();
                                 }});
  EXPECT_EQ(done, (std::map<std::string, std::uint64_t>{
                      {"config.json", 2}, {"sub/a.txt", 1}, {"model.safetensors", 3000}}));
}

}  // namespace
}  // namespace torchhub
