#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "support/child_process.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/transport.h"
#include "torchhub/server/backup.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The hub dies as an upload in parts is completed.
class PartCrash : public ::testing::Test {
 protected:
  fs::path data() const { return folder_ / "data"; }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--multipart-threshold", "10KiB", "--multipart-chunk", "8KiB"});
    return more;
  }

  void die_at(const std::string& point) {
    ServedHub hub(data(), arguments({"--test-mode", "--fault-point", point}));
    ASSERT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
    EXPECT_THROW(client.upload_in_parts("demo/m", bytes_), ConnectionError);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  json batch(const HubClient& client) const {
    return client.batch_answer("demo/m", "upload", {"multipart"}, {{oid_, bytes_.size()}})
        .at("objects")
        .at(0);
  }
  /// The one file of an unfinished upload.
  fs::path unfinished() const { return fs::directory_iterator(data() / "incoming")->path(); }

  TempDir folder_;
  const std::string bytes_ = std::string(20'000, 'p');
  const std::string oid_ = sha256_hex(bytes_);
};

TEST_F(PartCrash, HasTheObjectOnceItIsPublished) {
  die_at("lfs.linked");
  ASSERT_EQ(fs::hard_link_count(unfinished()), 2U);
  ServedHub hub(data(), arguments());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), hub.token());
  EXPECT_FALSE(batch(client).contains("actions")) << "a part could be written into the object";
  EXPECT_TRUE(client.batch("demo/m", "download", oid_, bytes_.size()).contains("actions"));
  expect_clean(data());
}

TEST_F(PartCrash, TakesPartsAgainBeforeThat) {
  die_at("lfs.bytes_flushed");
  ASSERT_EQ(fs::status(unfinished()).permissions() & fs::perms::owner_write, fs::perms::none);
  ServedHub hub(data(), arguments());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  EXPECT_NE(fs::status(unfinished()).permissions() & fs::perms::owner_write, fs::perms::none);
  const HubClient client(hub.base_url(), hub.token());
  client.upload_in_parts("demo/m", bytes_);
  EXPECT_FALSE(batch(client).contains("actions"));
  expect_clean(data());
}

TEST_F(PartCrash, BeginsAnewOnABackup) {
  die_at("lfs.bytes_flushed");
  back_up(data(), folder_ / "backup");
  ServedHub hub(folder_ / "backup", arguments());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), hub.token());
  // It was told that all parts are there.
  const json upload = batch(client).at("actions").at("upload");
  json parts = json::array();
  for (int number = 1; number <= 3; ++number) {
    parts.push_back({{"partNumber", number}, {"etag", "\"told before\""}});
  }
  const Response done = client.send("POST", upload.at("href").get<std::string>(),
                                    json{{"oid", oid_}, {"parts", parts}}.dump());
  EXPECT_EQ(done.status, 400);
  EXPECT_NE(done.body.find("Part 1 of 3 is missing. Send it"), std::string::npos) << done.body;
  client.upload_in_parts("demo/m", bytes_);
  EXPECT_FALSE(batch(client).contains("actions"));
}

}  // namespace
}  // namespace torchhub::testing
