#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "support/child_process.h"
#include "support/temp_dir.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <string>

/// One hub that listens in several places.
namespace torchhub::testing {
namespace {

class ListenTest : public ::testing::Test {
 protected:
  ListenTest() {
    Admin admin(folder_ / "data", Durability::relaxed);
    admin.create_user("demo");
    token_ = admin.create_token("demo", TokenRole::write);
  }
  ServerOptions options(std::vector<std::string> more) const {
    ServerOptions out;
    out.data_dir = folder_ / "data";
    out.listen = "127.0.0.1:0";
    out.more_listen = std::move(more);
    out.durability = Durability::relaxed;
    return out;
  }

  TempDir folder_;
  std::string token_;
};

TEST_F(ListenTest, AllPlacesAnswerTheSameHub) {
  const std::string path = (folder_ / "hub.sock").string();
  const Server server(options({"127.0.0.1:0", "unix:" + path}));
  ASSERT_EQ(server.addresses().size(), 3U);
  EXPECT_EQ(server.addresses()[0], server.base_url());
  EXPECT_EQ(server.addresses()[2], "unix:" + path);
  HubClient first(server.addresses()[0], token_);
  first.create_repo("m");
  const HubClient second(server.addresses()[1], token_);
  EXPECT_EQ(second.get("/api/models/demo/m").status, 200);
  EXPECT_EQ(run({"curl", "-sS", "--unix-socket", path, "http://any/healthz"}).output,
            R"({"status":"ok"})");
}

TEST_F(ListenTest, LinksKeepToTheLoopbackAddressThatTheRequestCameInBy) {
  const Server server(options({"127.0.0.1:0"}));
  HubClient second(server.addresses()[1], token_);
  second.create_repo("m");
  const std::string link =
      second.batch("demo/m", "upload", sha256_hex("x"), 1)["actions"]["upload"]["href"];
  EXPECT_TRUE(link.starts_with(server.addresses()[1] + "/")) << link;
}

TEST_F(ListenTest, OneThatIsTakenLeavesNothingOpen) {
  {
    ServerOptions other = options({});
    other.data_dir = folder_ / "other";
    const Server busy(other);
    EXPECT_THROW(Server{options({"127.0.0.1:" + std::to_string(busy.port())})}, ListenError);
  }
  EXPECT_NO_THROW(Server{options({})});
}

TEST_F(ListenTest, AllCloseAtTheEnd) {
  Server server(options({"127.0.0.1:0"}));
  server.stop();
  for (const std::string& address : server.addresses()) {
    EXPECT_FALSE(RawConnection(address).connected()) << address;
  }
}

TEST_F(ListenTest, InTestModeAllMustBeOnLoopback) {
  ServerOptions wanted = options({"0.0.0.0:0"});
  wanted.test_mode = true;
  EXPECT_THROW(Server{wanted}, ListenError);
}

}  // namespace
}  // namespace torchhub::testing
