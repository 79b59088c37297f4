#include "server/http/unix_socket.h"

#include "support/child_process.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/server/server.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

class UnixSocketTest : public ::testing::Test {
 protected:
  ServerOptions options(const char* data = "data") const {
    ServerOptions out;
    out.data_dir = folder_ / data;
    out.listen = "unix:" + path_.string();
    out.base_url = "https://hub.example.org";
    out.durability = Durability::relaxed;
    return out;
  }
  std::string curl(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"curl", "-sS", "--unix-socket", path_.string(),
                                      "http://any/healthz"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished done = run(std::move(words));
    return done.output + done.errors;
  }

  TempDir folder_;
  fs::path path_ = folder_ / "hub.sock";
};

TEST_F(UnixSocketTest, IsAnsweredOnAndGoesWithTheServer) {
  {
    const Server server(options());
    EXPECT_EQ(server.base_url(), "https://hub.example.org");
    EXPECT_EQ(curl(), R"({"status":"ok"})");
    EXPECT_THROW(Server{options("other")}, ListenError);
    EXPECT_EQ(curl(), R"({"status":"ok"})") << "the second one took nothing away";
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSocketTest, ReplacesTheSocketOfAKilledServerAndNoOtherFile) {
  ::close(server::listen_on_path(path_));
  ASSERT_TRUE(fs::is_socket(path_));
  {
    const Server server(options());
    EXPECT_EQ(curl(), R"({"status":"ok"})");
  }
  write_file_atomically(path_, "mine");
  EXPECT_THROW(Server{options()}, ListenError);
  EXPECT_EQ(read_file(path_), "mine");
}

TEST_F(UnixSocketTest, NeedsTheUrlThatClientsUse) {
  ServerOptions wanted = options();
  wanted.base_url.reset();
  EXPECT_THROW(Server{wanted}, InvalidArgumentError);
  wanted = options();
  wanted.listen = "unix:" + std::string(200, 'x');
  EXPECT_THROW(Server{wanted}, ListenError);
}

TEST_F(UnixSocketTest, TakesTheClientsAddressFromAProxyBehindIt) {
  ServerOptions wanted = options();
  wanted.access_log = folder_ / "access.log";
  const std::vector<std::string> forwarded = {"-H", "X-Forwarded-For: 192.0.2.7"};
  {
    const Server server(wanted);
    curl(forwarded);
  }
  EXPECT_EQ(nlohmann::json::parse(read_file(wanted.access_log)).at("address"), "unix");
  fs::remove(wanted.access_log);
  wanted.trusted_proxies = {"unix"};
  {
    const Server server(wanted);
    curl(forwarded);
  }
  EXPECT_EQ(nlohmann::json::parse(read_file(wanted.access_log)).at("address"), "192.0.2.7");
}

}  // namespace
}  // namespace torchhub::testing
