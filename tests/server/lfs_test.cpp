#include "server/data_layout.h"
#include "server/hub_client.h"
#include "server/lfs_schema.h"
#include "server/raw_connection.h"
#include "support/fake_clock.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class LfsTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  std::string upload_link(const std::string& bytes) const {
    return client_.batch("demo/m", "upload", sha256_hex(bytes), bytes.size())
        .at("actions")
        .at("upload")
        .at("href");
  }
  /// Everything that is left below incoming/ and lfs/.
  std::size_t stored_files() const {
    return files_below(hub_.data_dir() / "incoming") + files_below(hub_.data_dir() / "lfs");
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{relaxed({.clock = clock_})};
  HubClient client_{hub_};
  std::string bytes_ = std::string(100'000, 'b');
};

TEST_F(LfsTest, StoresObjectsByTheirHash) {
  const std::string oid = client_.upload("demo/m", bytes_);
  const auto path = object_path(hub_.data_dir(), oid);
  EXPECT_EQ(read_file(path), bytes_);
  EXPECT_EQ(stored_files(), 1U);
  EXPECT_FALSE(client_.batch("demo/m", "upload", oid, bytes_.size()).contains("actions"));
}

TEST_F(LfsTest, KeepsNothingOfBytesThatAreNotTheAnnouncedOnes) {
  std::string other = bytes_;
  other.back() = 'x';
  const Response wrong = client_.send("PUT", upload_link(bytes_), other);
  EXPECT_EQ(wrong.status, 422);
  EXPECT_NE(wrong.body.find("The bytes have the SHA-256 " + sha256_hex(other)), std::string::npos);
  EXPECT_EQ(client_.send("PUT", upload_link(bytes_), bytes_ + "x").status, 422);
  EXPECT_EQ(client_.send("PUT", upload_link(bytes_), bytes_.substr(1)).status, 422);
  EXPECT_EQ(
      client_.send("PUT", upload_link(bytes_), bytes_ + "x", {{"Transfer-Encoding", "chunked"}})
          .status,
      422);
  EXPECT_EQ(stored_files(), 0U);
}

TEST_F(LfsTest, RefusesLinksThatWereNotMadeHereForThis) {
  const std::string link = upload_link(bytes_);
  const auto put = [&](const std::string& target, const std::string& body) {
    return client_.send("PUT", target, body).status;
  };
  std::string forged = link;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(put(forged, bytes_), 403);
  const std::string other(bytes_.size(), 'o');
  std::string other_object = link;
  other_object.replace(other_object.find(sha256_hex(bytes_)), 64, sha256_hex(other));
  EXPECT_EQ(put(other_object, other), 403);
  std::string longer = link;
  longer.replace(longer.find("size=100000"), 11, "size=100001");
  EXPECT_EQ(put(longer, bytes_ + "x"), 403);
  longer.replace(longer.find("size=100001"), 11, "size=0100000");
  EXPECT_EQ(put(longer, bytes_), 403) << "the same number in other words";
  EXPECT_EQ(put(link.substr(0, link.find('?')), bytes_), 403);
  std::string as_download = link;
  as_download.replace(as_download.find("/upload/"), 8, "/download/");
  EXPECT_EQ(client_.get(as_download).status, 403);
  EXPECT_EQ(stored_files(), 0U);
}

TEST_F(LfsTest, LinksExpire) {
  const std::string link = upload_link(bytes_);
  clock_->advance(std::chrono::hours(24));
  const Response late = client_.send("PUT", link, bytes_);
  EXPECT_EQ(late.status, 403);
  EXPECT_NE(late.body.find("expired"), std::string::npos);
  clock_->advance(-std::chrono::hours(25));
  EXPECT_EQ(client_.send("PUT", link, bytes_).status, 200) << "a clock set back does no harm";
}

TEST_F(LfsTest, LinksOfAClockThatWasFarAheadEndWithIt) {
  clock_->set_wall(std::chrono::hours(24 * 3650));
  const std::string link = upload_link(bytes_);
  clock_->set_wall(-std::chrono::hours(24 * 3650));
  const Response refused = client_.send("PUT", link, bytes_);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("was ahead"), std::string::npos) << refused.body;
  EXPECT_EQ(client_.send("PUT", upload_link(bytes_), bytes_).status, 200);
}

TEST_F(LfsTest, TwoUploadsOfOneObjectBothSucceed) {
  const std::string link = upload_link(bytes_);
  std::vector<int> statuses(4);
  std::vector<std::thread> writers;
  for (int& status : statuses) {
    writers.emplace_back([&] { status = HubClient(hub_).send("PUT", link, bytes_).status; });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(statuses, std::vector<int>(4, 200));
  EXPECT_EQ(stored_files(), 1U);
}

TEST_F(LfsTest, TakesEmptyObjects) {
  const std::string oid = sha256_hex("");
  const json object = client_.batch("demo/m", "upload", oid, 0);
  EXPECT_EQ(client_.send("PUT", object.at("actions").at("upload").at("href")).status, 200);
  EXPECT_FALSE(client_.batch("demo/m", "upload", oid, 0).contains("actions"));
}

TEST_F(LfsTest, VerifiesWhatIsStored) {
  const json object = client_.batch("demo/m", "upload", sha256_hex(bytes_), bytes_.size());
  const std::string verify = object.at("actions").at("verify").at("href");
  EXPECT_EQ(client_.send("POST", verify, "{}").status, 404);
  client_.upload("demo/m", bytes_);
  EXPECT_EQ(client_.send("POST", verify, "{}").status, 200);
}

TEST_F(LfsTest, VerifiesForWhoeverMayReadTheRepository) {
  client_.create_repo("hidden", {{"private", true}});
  const std::string verify =
      client_.batch("demo/hidden", "upload", sha256_hex(bytes_), bytes_.size())
          .at("actions")
          .at("verify")
          .at("href");
  const std::string oid = client_.upload("demo/hidden", bytes_);
  const std::string body = json{{"oid", oid}, {"size", bytes_.size()}}.dump();
  const std::string eve = "Bearer " + hub_.create_user("eve");
  clock_->advance(std::chrono::hours(24));
  EXPECT_EQ(client_.send("POST", verify, body).status, 403) << "expired";
  EXPECT_EQ(client_.send("POST", verify, body, {{"Authorization", eve}}).status, 403);
  const Headers mine{{"Authorization", "Bearer " + hub_.token()}};
  EXPECT_EQ(client_.send("POST", verify, body, mine).status, 200);
  EXPECT_EQ(client_.send("POST", verify, R"({"oid": "x", "size": 1})", mine).status, 403);
  const char* by_name = "/demo/hidden.git/info/lfs/verify";
  EXPECT_EQ(client_.send("POST", by_name, body).status, 200);
  EXPECT_EQ(client_.post(by_name, {{"oid", oid}, {"size", 1}}).status, 404);
  EXPECT_EQ(client_.post(by_name, {{"oid", sha256_hex("y")}, {"size", 1}}).status, 404);
  EXPECT_EQ(client_.post(by_name, {{"oid", "y"}, {"size", 1}}).status, 422);
  EXPECT_EQ(client_.send("POST", by_name, body, {{"Authorization", eve}}).status, 404);
  const Response nobody = HubClient(hub_.base_url(), "").send("POST", by_name, body);
  EXPECT_EQ(nobody.status, 401);
  EXPECT_TRUE(nobody.headers.get("LFS-Authenticate"));
}

TEST_F(LfsTest, ErrorsHaveTheMessageThatGitLfsShows) {
  const Response response = client_.send("PUT", upload_link(bytes_), "short");
  EXPECT_EQ(response.status, 422);
  const json body = json::parse(response.body);
  EXPECT_EQ(body.at("message"), body.at("error"));
}

TEST_F(LfsTest, GivesOutOnlyWhatTheRepositoryHas) {
  const std::string oid = client_.upload("demo/m", bytes_);
  client_.create_repo("other");
  EXPECT_EQ(client_.batch("demo/other", "download", oid, bytes_.size()).at("error").at("code"),
            404);
  const json object = client_.batch("demo/m", "download", oid, bytes_.size());
  const std::string link = object.at("actions").at("download").at("href");
  EXPECT_EQ(client_.get(link).body, bytes_);
  EXPECT_EQ(client_.get(link, {{"Range", "bytes=0-9"}}).body, bytes_.substr(0, 10));
}

TEST_F(LfsTest, DoesNotTellThatSomebodyElseHasAnObject) {
  client_.create_repo("hidden", {{"private", true}});
  const std::string oid = client_.upload("demo/hidden", bytes_);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("own");
  const json object = eve.batch("eve/own", "upload", oid, bytes_.size());
  EXPECT_TRUE(object.contains("actions")) << "the bytes must be shown, not only the hash";
  const json other_size = eve.batch("eve/own", "upload", oid, 5);
  EXPECT_TRUE(other_size.contains("actions")) << "not even its size: " << other_size;
  EXPECT_EQ(eve.send("PUT", object.at("actions").at("upload").at("href"), bytes_).status, 200);
  EXPECT_TRUE(eve.batch("eve/own", "upload", oid, 5).contains("error")) << "now it is eve's too";
  // Who may read it somewhere need not send it again.
  client_.create_repo("third");
  EXPECT_FALSE(client_.batch("demo/third", "upload", oid, bytes_.size()).contains("actions"));
}

TEST_F(LfsTest, LinksEndWithTheirRepository) {
  const std::string oid = client_.upload("demo/m", bytes_);
  const auto link = [&](const char* operation, const std::string& id, std::uint64_t size) {
    const json object = client_.batch("demo/m", operation, id, size);
    return object.at("actions").at(operation).at("href").get<std::string>();
  };
  const std::string download = link("download", oid, bytes_.size());
  const std::string other(1000, 'o');
  const std::string upload = link("upload", sha256_hex(other), other.size());
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  EXPECT_EQ(client_.get(download).status, 404);
  const Response put = client_.send("PUT", upload, other);
  EXPECT_EQ(put.status, 404);
  EXPECT_EQ(put.headers.get("X-Error-Code"), "RepoNotFound");
  EXPECT_EQ(stored_files(), 1U) << "the object of before, and nothing new";
}

TEST_F(LfsTest, AnUploadThatOutlivesItsRepositoryIsRefused) {
  RawConnection upload(hub_.base_url());
  upload.send("PUT " + upload_link(bytes_).substr(hub_.base_url().size()) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(upload.read_answer().status, "100 Continue");
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  upload.send(bytes_);
  EXPECT_EQ(upload.read_answer().status, "404 Not Found");
}

TEST_F(LfsTest, AnswersForEachObjectOfABatch) {
  client_.upload("demo/m", bytes_);
  const auto code = [&](const json& oid, const json& size) {
    const Response response =
        client_.post("/demo/m/info/lfs/objects/batch",
                     {{"operation", "upload"}, {"objects", {{{"oid", oid}, {"size", size}}}}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(faults_of_batch_answer(json::parse(response.body)), std::vector<std::string>());
    return json::parse(response.body).at("objects").at(0).at("error").at("code").get<int>();
  };
  EXPECT_EQ(code("short", 1), 422);
  EXPECT_EQ(code(std::string(64, 'A'), 1), 422);
  EXPECT_EQ(code(std::string(64, 'a'), -1), 422);
  EXPECT_EQ(code(std::string(64, 'a'), "1"), 422);
  EXPECT_EQ(code(7, 1), 422);
  EXPECT_EQ(code(std::string(64, 'a'), 1.5), 422);
  EXPECT_EQ(code(nullptr, nullptr), 422);
  EXPECT_EQ(code(std::string(64, 'a'), std::uint64_t{1} << 40), 422) << "larger than may be";
  EXPECT_EQ(code(sha256_hex(bytes_), 5), 422);
  const auto status = [&](const json& body) {
    return client_.post("/demo/m.git/info/lfs/objects/batch", body).status;
  };
  EXPECT_EQ(status({{"operation", "upload"}}), 422);
  EXPECT_EQ(status({{"operation", "steal"}, {"objects", json::array()}}), 422);
  EXPECT_EQ(status({{"operation", "upload"}, {"objects", json(std::vector<json>(1001))}}), 413);
}

TEST_F(LfsTest, TakesBatchesAsClientsWriteThem) {
  const std::string oid = client_.upload("demo/m", bytes_);
  const json objects{{{"oid", oid}, {"size", bytes_.size()}},
                     {{"oid", sha256_hex("new")}, {"size", 3}, {"more", true}}};
  for (const json& more : {json{{"ref", nullptr}}, json{{"ref", {{"name", "main"}}}},
                           json{{"ref", {{"name", "refs/heads/main"}}}},
                           json{{"hash_algo", "sha_256"}}, json{{"transfers", nullptr}},
                           json{{"transfers", {"ssh", "lfs-standalone-file", "basic"}}}}) {
    for (const char* operation : {"upload", "download"}) {
      json body{{"operation", operation}, {"objects", objects}};
      body.update(more);
      for (const char* path :
           {"/demo/m.git/info/lfs/objects/batch", "/demo/m/info/lfs/objects/batch"}) {
        const Response response = client_.post(path, body);
        ASSERT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"),
                  "application/vnd.git-lfs+json; charset=utf-8");
        const json answer = json::parse(response.body);
        EXPECT_EQ(faults_of_batch_answer(answer), std::vector<std::string>());
        EXPECT_EQ(answer.at("transfer"), "basic");
        EXPECT_EQ(answer.at("objects").size(), 2U);
      }
    }
  }
}

TEST_F(LfsTest, UploadsNeedTheRightToWrite) {
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  const json body{
      {"operation", "upload"}, {"ref", {{"name", "refs/heads/main"}}}, {"objects", json::array()}};
  EXPECT_EQ(eve.post("/demo/m.git/info/lfs/objects/batch", body).status, 403);
  const HubClient nobody(hub_.base_url(), "");
  const Response response = nobody.post("/demo/m.git/info/lfs/objects/batch", body);
  EXPECT_EQ(response.status, 401);
  EXPECT_TRUE(response.headers.get("LFS-Authenticate"));
}

TEST_F(LfsTest, AMissingObjectIsAMissingFile) {
  const std::string oid = client_.upload("demo/m", bytes_);
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"m.bin", oid, bytes_.size()}));
  std::filesystem::remove(object_path(hub_.data_dir(), oid));
  const Response response = client_.get("/demo/m/resolve/main/m.bin");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("X-Error-Code"), "EntryNotFound");
}

}  // namespace
}  // namespace torchhub::testing
