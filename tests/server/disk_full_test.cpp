#include "server/git_user.h"
#include "server/hub_client.h"
#include "server/sound_data.h"
#include "server/xet_push.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "xet/inputs.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <sys/mount.h>
#include <unistd.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// A server whose data folder is a filesystem of 40 MiB.
class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=40m") != 0) {
      GTEST_SKIP() << "needs the right to mount a small filesystem: " << std::strerror(errno);
    }
    mounted_ = true;
    Admin admin(folder_.path());
    admin.create_user("demo");
    token_ = admin.create_token("demo", TokenRole::write);
    server_ = std::make_unique<Server>(ServerOptions{.data_dir = folder_.path(),
                                                     .listen = "127.0.0.1:0",
                                                     .multipart_threshold_bytes = 10 << 20,
                                                     .multipart_chunk_bytes = 16 << 20});
    client_ = std::make_unique<HubClient>(server_->base_url(), token_);
    client_->create_repo("m");
    commit_ = client_->commit_file("demo/m", "a.txt", "before");
  }

  void TearDown() override {
    client_.reset();
    server_.reset();
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  /// Leaves `bytes` free.
  void fill_up(std::uint64_t bytes) const {
    const int file = ::open((folder_ / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const auto size = fs::space(folder_.path()).available - bytes;
    EXPECT_EQ(::posix_fallocate(file, 0, static_cast<off_t>(size)), 0);
    ::close(file);
  }
  void free_up() const { fs::remove(folder_ / "filler"); }

  void expect_untouched() const {
    EXPECT_TRUE(fs::is_empty(folder_ / "incoming"));
    EXPECT_EQ(client_->commit_at("demo/m"), commit_);
    EXPECT_EQ(client_->get("/demo/m/resolve/main/a.txt").body, "before");
    expect_sound_repositories(folder_.path());
  }

  TempDir folder_;
  bool mounted_ = false;
  std::unique_ptr<Server> server_;
  std::unique_ptr<HubClient> client_;
  std::string token_;
  std::string commit_;
};

TEST_F(DiskFullTest, RefusesAnObjectThatDoesNotFit) {
  const std::string bytes(41 << 20, 'x');
  const json object = client_->batch("demo/m", "upload", sha256_hex(bytes), bytes.size());
  const Response response =
      client_->send("PUT", object.at("actions").at("upload").at("href"), bytes);
  EXPECT_EQ(response.status, 507) << response.body;
  EXPECT_EQ(response.headers.get("X-Error-Message"),
            "The server's disk is full. Nothing was kept.");
  expect_untouched();
  EXPECT_TRUE(fs::is_empty(folder_ / "lfs"));
  client_->upload("demo/m", std::string(1000, 'y'));
}

TEST_F(DiskFullTest, RefusesAnObjectInPartsThatDoesNotFit) {
  const std::string bytes(41 << 20, 'x');
  const json answer =
      client_->batch_answer("demo/m", "upload", {"multipart"}, {{sha256_hex(bytes), bytes.size()}});
  const json header = answer.at("objects").at(0).at("actions").at("upload").at("header");
  ASSERT_EQ(header.at("chunk_size"), std::to_string(16 << 20));
  const auto put = [&](const char* part, std::size_t size) {
    return client_->send("PUT", header.at(part), std::string(size, 'x')).status;
  };
  EXPECT_EQ(put("00001", 16 << 20), 507);
  EXPECT_EQ(put("00003", 9 << 20), 507) << "not even the last one is begun with";
  expect_untouched();
  EXPECT_TRUE(fs::is_empty(folder_ / "lfs"));
  client_->upload_in_parts("demo/m", std::string(20 << 20, 'y'));
}

TEST_F(DiskFullTest, RefusesACommitThatDoesNotFit) {
  fill_up(0);
  for (int i = 0; i < 3; ++i) {
    const Response response = client_->commit(
        "demo/m",
        to_ndjson(CommitFileLine{"b.txt", std::string(20'000, static_cast<char>('a' + i))}));
    EXPECT_EQ(response.status, 507) << response.body;
  }
  expect_untouched();
  free_up();
  EXPECT_FALSE(client_->commit_file("demo/m", "b.txt", "now it fits").empty());
}

TEST_F(DiskFullTest, RefusesACommitOfManyFilesThatDoesNotFit) {
  fill_up(6 << 20);
  std::string lines;
  for (int i = 0; i < 500; ++i) {
    lines += to_ndjson(CommitFileLine{"f" + std::to_string(i), random_hex(10'000)});
  }
  EXPECT_EQ(client_->commit("demo/m", lines).status, 507);
  expect_untouched();
  free_up();
  EXPECT_EQ(client_->commit("demo/m", lines).status, 200);
}

TEST_F(DiskFullTest, RefusesAPushThatDoesNotFit) {
  const GitUser ana(server_->base_url(), token_);
  ana.clone("demo/m", "m");
  const std::string commit = ana.commit("m", "b.txt", random_hex(4 << 20));  // 4 MiB as a pack
  const auto push = [&] { return ana.in("m", {"push", "origin", "main"}); };
  fill_up(1 << 20);
  EXPECT_NE(push().errors.find("507"), std::string::npos);  // while it comes
  expect_untouched();
  free_up();
  fill_up(6 << 20);
  const Finished unpacked = push();
  EXPECT_NE(unpacked.errors.find("The server's disk is full. Nothing was kept."), std::string::npos)
      << unpacked.errors;
  expect_untouched();
  free_up();
  EXPECT_EQ(push().exit_code, 0);
  EXPECT_EQ(client_->commit_at("demo/m"), commit);
}

TEST_F(DiskFullTest, RefusesARepositoryThatDoesNotFit) {
  fill_up(0);
  EXPECT_EQ(client_->post("/api/repos/create", {{"name", "second"}}).status, 507);
  expect_untouched();
  free_up();
  client_->create_repo("second");
}

TEST_F(DiskFullTest, RefusesAXorbThatDoesNotFit) {
  const XetParts parts = cut_for_xet(splitmix64(1, 3'000'000));
  const XetPusher push(*client_, "models/demo/m");
  fill_up(2 << 20);
  const Response response = push.send_xorb(parts);
  EXPECT_EQ(response.status, 507) << response.body;
  EXPECT_TRUE(fs::is_empty(folder_ / "xet"));
  expect_untouched();
  free_up();
  EXPECT_EQ(push.send_xorb(parts).status, 200);
}

TEST_F(DiskFullTest, RefusesAShardWhoseFilesDoNotFit) {
  const XetParts parts = cut_for_xet(splitmix64(2, 3'000'000));
  const XetPusher push(*client_, "models/demo/m");
  EXPECT_EQ(push.send_xorb(parts).status, 200);
  fill_up(2 << 20);
  EXPECT_EQ(push.send_shard(parts.shard()).status, 507);
  EXPECT_TRUE(fs::is_empty(folder_ / "lfs"));
  expect_untouched();
  free_up();
  EXPECT_EQ(push.send_shard(parts.shard()).status, 200);
}

TEST_F(DiskFullTest, StillAnswersReadsAndDeletions) {
  const std::string bytes(100'000, 'o');
  const std::string oid = client_->upload("demo/m", bytes);
  client_->commit("demo/m", to_ndjson(CommitLfsFileLine{"b.bin", oid, bytes.size()}));
  fill_up(0);
  EXPECT_EQ(client_->get("/healthz").status, 200);
  EXPECT_EQ(client_->get("/api/models/demo/m").status, 200);
  EXPECT_EQ(client_->get("/api/models/demo/m/tree/main").status, 200);
  EXPECT_EQ(client_->get("/demo/m/resolve/main/a.txt").body, "before");
  EXPECT_TRUE(client_->get("/demo/m/resolve/main/b.bin").body == bytes);
  GitUser(server_->base_url(), token_).clone("demo/m", "m");
  EXPECT_EQ(client_->send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
}

/// A change that needs little may still find room in what the database has taken before; each is
/// made wholly or not at all, and says which.
TEST_F(DiskFullTest, RefusesEveryOtherChangeThatDoesNotFit) {
  const std::string api = "/api/models/demo/m";
  const auto propose = [&](const std::string& path) {
    return client_
        ->send("POST", api + "/commit/main?create_pr=1",
               to_ndjson(CommitHeaderLine{"adds " + path}) + to_ndjson(CommitFileLine{path, path}))
        .status;
  };
  ASSERT_EQ(propose("first.txt"), 200);
  const std::vector<std::function<int()>> changes = {
      [&] { return client_->post(api + "/branch/side", json::object()).status; },
      [&] {
        return client_->post(api + "/tag/main", {{"tag", "v1"}, {"message", "one"}}).status;
      },
      [&] { return propose("second.txt"); },
      [&] {
        return client_->post(api + "/discussions/1/comment", {{"comment", "words"}}).status;
      },
      [&] {
        return client_->post(api + "/discussions", {{"title", "a talk"}, {"description", "of it"}})
            .status;
      },
      [&] {
        return client_->post("/demo/m.git/info/lfs/locks", {{"path", "a.txt"}}).status;
      },
      [&] { return client_->send("PUT", api + "/settings", R"({"private": true})").status; },
      [&] { return client_->post(api + "/discussions/1/merge", json::object()).status; },
      [&] { return client_->post(api + "/super-squash/main", json::object()).status; },
      [&] {
        return client_->post("/api/repos/move", {{"fromRepo", "demo/m"}, {"toRepo", "demo/n"}})
            .status;
      },
  };
  fill_up(0);
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const int status = changes[i]();
    EXPECT_TRUE(status == 507 || status < 300) << "change " << i << ": " << status;
    if (status == 507) refused.push_back(i);
  }
  EXPECT_GE(refused.size(), 4U);
  expect_sound_repositories(folder_.path());
  free_up();
  for (const std::size_t i : refused) EXPECT_LT(changes[i](), 300) << "change " << i;
  expect_sound_repositories(folder_.path());
}

}  // namespace
}  // namespace torchhub::testing
