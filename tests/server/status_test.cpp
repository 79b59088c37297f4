#include "server/hub_client.h"
#include "server/store/database.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class StatusTest : public ::testing::Test {
 protected:
  static LocalHubOptions impatient() {
    LocalHubOptions options;
    options.server.min_free_bytes = 0;
    options.server.database_wait = 20ms;
    return options;
  }
  fs::path database() const { return hub_.data_dir() / "hub.db"; }
  /// Why the hub says that it is not ready.
  json reasons() const {
    const Response response = nobody_.get("/readyz");
    EXPECT_EQ(response.status, 503);
    return json::parse(response.body).value("reasons", json());
  }

  LocalHub hub_{impatient()};
  HubClient demo_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
};

TEST_F(StatusTest, IsWellAndReady) {
  EXPECT_EQ(nobody_.get("/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(nobody_.get("/readyz").body, R"({"status":"ready"})");
}

TEST_F(StatusTest, NoticesADamagedDatabase) {
  server::Connection(database(), Durability::relaxed).script("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto size = fs::file_size(database());
  constexpr std::size_t kPage = 4096;  // the first has the header and the schema's root
  std::fstream file(database(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kPage);
  file << std::string(size - kPage, '\x5a') << std::flush;
  const Response health = nobody_.get("/healthz");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(json::parse(health.body).at("error"), "the database does not answer");
  EXPECT_EQ(reasons(), json::array({"the database does not answer"}));
}

TEST_F(StatusTest, NoticesThatTheDatabaseIsGone) {
  fs::rename(database(), database().string() + ".away");
  EXPECT_EQ(nobody_.get("/healthz").status, 503);
  EXPECT_EQ(reasons(), json::array({"the database does not answer"}));
  EXPECT_FALSE(fs::exists(database())) << "an empty one in its place would look like a new hub";
}

TEST_F(StatusTest, NoticesWhoHoldsTheDatabase) {
  server::Connection other(database(), Durability::relaxed);
  other.script("BEGIN EXCLUSIVE");
  EXPECT_EQ(nobody_.get("/healthz").status, 200) << "reading goes on";
  EXPECT_EQ(reasons(), json::array({"another program holds the database"}));
  other.script("ROLLBACK");
  EXPECT_EQ(nobody_.get("/readyz").status, 200);
}

TEST_F(StatusTest, RefusesAWriteThatWaitsTooLong) {
  server::Connection other(database(), Durability::relaxed);
  other.script("BEGIN EXCLUSIVE");
  const Response refused = demo_.post("/api/repos/create", {{"name", "m"}});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.get("Retry-After"), "5");
  EXPECT_EQ(json::parse(refused.body).at("error"),
            "Another program holds the server's database. Try again.");
  other.script("ROLLBACK");
  demo_.create_repo("m");
}

TEST_F(StatusTest, NoticesAFolderThatCannotBeWritten) {
  const fs::path incoming = hub_.data_dir() / "incoming";
  fs::rename(incoming, hub_.data_dir() / "away");
  EXPECT_EQ(reasons(), json::array({"the folder 'data/incoming' cannot be written"}));
  write_file_atomically(incoming, "no folder");
  EXPECT_EQ(reasons(), json::array({"the folder 'data/incoming' cannot be written"}));
}

TEST(Status, WaitsSecondsForAnotherWriterNotHalfAMinute) {
  EXPECT_LE(ServerOptions().database_wait, 10s);
  EXPECT_LE(server::kDatabaseWait, 10s);
}

}  // namespace
}  // namespace torchhub::testing
