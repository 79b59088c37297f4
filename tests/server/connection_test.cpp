#include "server/http/mhd_server.h"
#include "server/raw_connection.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

constexpr std::chrono::seconds kNever = std::chrono::hours(1);  // in a test

/// 200 for a request without a body, 413 for every other.
class NoBodies final : public server::RequestHandler {
 public:
  server::Answer begin(server::HttpRequest& request) override {
    return server::text_response("", request.has_body() ? 413 : 200);
  }
  server::HttpResponse failed(const server::HttpRequest&, const std::exception& error) override {
    return server::text_response(error.what(), 500);
  }
  void decorate(const server::HttpRequest&, server::HttpResponse&) override {}
};

/// The HTTP layer alone, with times that a test could never wait for.
class ConnectionTest : public ::testing::Test {
 protected:
  void start(server::MhdOptions options) {
    server::Listener listener("127.0.0.1:0");
    url_ = listener.url();
    server_ = std::make_unique<server::MhdServer>(listener, options, handler_);
  }
  std::string status_of(RawConnection& connection, const std::string& more_headers = {}) const {
    connection.send("GET / HTTP/1.1\r\nHost: x\r\n" + more_headers + "\r\n");
    return connection.read_answer().status;
  }

  NoBodies handler_;
  std::string url_;
  std::unique_ptr<server::MhdServer> server_;
};

TEST_F(ConnectionTest, LingeringAfterARefusalDelaysNobodyElse) {
  start({.idle_timeout = kNever, .linger_time = std::chrono::hours(1)});
  std::vector<std::unique_ptr<RawConnection>> lingering;
  for (int i = 0; i < 4; ++i) {
    lingering.push_back(std::make_unique<RawConnection>(url_));
    EXPECT_EQ(status_of(*lingering.back(), "Content-Length: 1000000000\r\n").substr(0, 3), "413");
  }
  RawConnection other(url_);
  EXPECT_EQ(status_of(other), "200 OK");
  for (int i = 0; i < 2; ++i) {  // the second send fails if the first met a closed socket
    for (const auto& connection : lingering) EXPECT_TRUE(connection->send("still read"));
  }
  server_.reset();  // must not wait for an hour
}

TEST_F(ConnectionTest, SilentConnectionsEndSoonAndIdleOnesDoNot) {
  const bool both = server::MhdServer::has_head_timeout();
  start({.idle_timeout = both ? kNever : std::chrono::seconds(1),
         .first_head_timeout = both ? std::chrono::seconds(1) : kNever});
  RawConnection idle(url_);
  EXPECT_EQ(status_of(idle), "200 OK");
  RawConnection silent(url_);
  silent.send("GET / HT");
  EXPECT_TRUE(silent.is_closed());
  if (both) {
    EXPECT_EQ(status_of(idle), "200 OK");
  }
}

TEST(Listener, RefusesWhatIsNoPort) {
  for (const char* address :
       {"127.0.0.1:65536", "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:80x"}) {
    SCOPED_TRACE(address);
    EXPECT_THROW(server::Listener{address}, InvalidArgumentError);
  }
}

bool is_answered(RawConnection& connection) {
  connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  return connection.read_answer().status == "200 OK";
}

TEST(ConnectionLimit, CountsThoseOfOneAddress) {
  const TempDir folder;
  const Server server({.data_dir = folder / "data",
                       .listen = "0.0.0.0:0",
                       .durability = Durability::relaxed,
                       .max_connections_per_address = 2});
  RawConnection first(server.base_url());
  auto second = std::make_unique<RawConnection>(server.base_url());
  EXPECT_TRUE(is_answered(first));
  EXPECT_TRUE(is_answered(*second));
  RawConnection third(server.base_url());
  EXPECT_FALSE(is_answered(third));
  second.reset();
  for (bool answered = false; !answered;) {  // until the server has seen that one is gone
    RawConnection next(server.base_url());
    answered = is_answered(next);
  }
}

TEST(ConnectionLimit, DoesNotCountOnLoopback) {
  LocalHubOptions options;
  options.server.max_connections_per_address = 2;
  const LocalHub hub(std::move(options));
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 10; ++i) {
    held.push_back(std::make_unique<RawConnection>(hub.base_url()));
    EXPECT_TRUE(is_answered(*held.back()));
  }
}

}  // namespace
}  // namespace torchhub::testing
