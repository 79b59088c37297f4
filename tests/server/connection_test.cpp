#include "server/http/api_error.h"
#include "server/http/http_server.h"
#include "server/raw_connection.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

constexpr std::chrono::seconds kNever = std::chrono::hours(1);  // in a test

/// Says what was wrong, and remembers how the last request ended.
class PlainHandler : public server::RequestHandler {
 public:
  server::HttpResponse failed(const server::HttpRequest&, const std::exception& error) override {
    const auto* api = dynamic_cast<const server::ApiError*>(&error);
    return server::text_response(error.what(), api != nullptr ? api->status() : 500);
  }
  void decorate(const server::HttpRequest&, server::HttpResponse&) override {}
  void finished(const server::HttpRequest&, const server::ExchangeFacts& facts) override {
    const std::lock_guard lock(mutex_);
    facts_ = facts;
    told_.notify_all();
  }
  /// Of the next request that ends.
  server::ExchangeFacts wait_for_facts() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return facts_.has_value(); });
    return *std::exchange(facts_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<server::ExchangeFacts> facts_ = std::nullopt;
};

/// 200 for a request without a body, 413 for every other.
class NoBodies final : public PlainHandler {
 public:
  server::Answer begin(server::HttpRequest& request) override {
    return server::text_response("", request.has_body() ? 413 : 200);
  }
};

/// Takes every body and drops it.
class EveryBody final : public PlainHandler {
 public:
  server::Answer begin(server::HttpRequest&) override {
    constexpr std::size_t kLimit = std::size_t{1} << 30;
    return server::read_body(kLimit, [](const std::string&) { return server::text_response(""); });
  }
};

/// The HTTP layer alone, with times that a test could never wait for.
class ConnectionTest : public ::testing::Test {
 protected:
  void start(server::HttpOptions options) {
    server::Listener listener("127.0.0.1:0");
    url_ = listener.url();
    server_ = std::make_unique<server::HttpServer>(listener, options, handler_);
  }
  std::string status_of(RawConnection& connection, const std::string& more_headers = {}) const {
    connection.send("GET / HTTP/1.1\r\nHost: x\r\n" + more_headers + "\r\n");
    return connection.read_answer().status;
  }

  NoBodies handler_;
  std::string url_;
  std::unique_ptr<server::HttpServer> server_;
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

TEST_F(ConnectionTest, ARefusalDoesNotWaitForABodyThatPauses) {
  start({.body_window = kNever, .linger_time = std::chrono::milliseconds(100)});
  for (const char* rest :
       {"Content-Length: 9\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"}) {
    RawConnection pauses(url_);
    pauses.send(std::string("PUT / HTTP/1.1\r\nHost: x\r\n") + rest);
    EXPECT_EQ(pauses.read_answer().status.substr(0, 3), "413") << rest;
    EXPECT_TRUE(pauses.is_closed()) << rest;
  }
}

TEST_F(ConnectionTest, SilentConnectionsEndSoonAndIdleOnesDoNot) {
  start({.idle_timeout = kNever, .head_timeout = std::chrono::milliseconds(300)});
  RawConnection idle(url_);
  EXPECT_EQ(status_of(idle), "200 OK");
  RawConnection silent(url_);
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(status_of(idle), "200 OK");
}

TEST_F(ConnectionTest, AHeadThatDripsEndsWithItsTimeNotWithEachByte) {
  start({.head_timeout = std::chrono::milliseconds(300)});
  RawConnection slow(url_);
  std::thread drip([&slow] {
    for (char c : std::string(100'000, 'x')) {  // ends when the server closes
      if (!slow.send({&c, 1})) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_EQ(slow.read_answer().status, "408 Request Timeout");
  drip.join();
}

TEST(Bodies, MustMakeProgress) {
  server::Listener listener("127.0.0.1:0");
  const std::string url = listener.url();
  EveryBody handler;
  const server::HttpServer server(
      listener, {.body_window = std::chrono::milliseconds(200), .min_body_bytes = 1000}, handler);
  RawConnection silent(url);
  silent.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(silent.read_answer().status, "408 Request Timeout");
  EXPECT_EQ(handler.wait_for_facts().status, 408);

  RawConnection dripping(url);
  dripping.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  dripping.send(std::string(2000, 'x'));  // enough for the first window alone
  std::thread drip([&dripping] {
    for (int i = 0; i < 100'000 && dripping.send("x"); ++i) {  // ends when the server closes
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_EQ(dripping.read_answer().status, "408 Request Timeout");
  drip.join();
}

TEST(Bodies, AreCountedWithTheirAnswers) {
  server::Listener listener("127.0.0.1:0");
  const std::string url = listener.url();
  EveryBody handler;
  const server::HttpServer server(listener, {}, handler);
  RawConnection connection(url);
  connection.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345");
  const server::ExchangeFacts facts = handler.wait_for_facts();
  EXPECT_EQ(facts.status, 200);
  EXPECT_EQ(facts.bytes_in, 5U);
  { RawConnection(url).send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12"); }
  EXPECT_EQ(handler.wait_for_facts().status, 0) << "the client left";
}

TEST(Connections, ThatWaitMakeRoomForNewOnes) {
  server::Listener listener("127.0.0.1:0");
  const std::string url = listener.url();
  EveryBody handler;
  const server::HttpServer server(listener, {.max_connections = 3}, handler);
  const auto answers = [](RawConnection& connection) {
    connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return connection.read_answer().status;
  };
  RawConnection busy(url);
  busy.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(busy.read_answer().status, "100 Continue");
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 10; ++i) {  // more than there may be: the oldest that wait are ended
    // A client may see its answer before the server's thread is back to waiting: then try again.
    std::string status = "503 Service Unavailable";
    while (status.starts_with("503")) {
      idle.push_back(std::make_unique<RawConnection>(url));
      status = answers(*idle.back());
    }
    EXPECT_EQ(status, "200 OK") << i;
  }
  EXPECT_TRUE(idle.front()->is_closed());
  busy.send("12345");
  EXPECT_EQ(busy.read_answer().status, "200 OK") << "a request under way is nobody's room";
}

TEST(Connections, BeyondTheLimitAreToldToComeAgain) {
  server::Listener listener("127.0.0.1:0");
  const std::string url = listener.url();
  EveryBody handler;
  const server::HttpServer server(listener, {.max_connections = 1}, handler);
  RawConnection busy(url);
  busy.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(busy.read_answer().status, "100 Continue");
  RawConnection second(url);
  const RawConnection::Answer answer = second.read_answer();
  EXPECT_EQ(answer.status, "503 Service Unavailable");
  EXPECT_NE(answer.head.find("Retry-After: 5"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(answer.body).at("error"),
            "Too many connections. Try again in 5 s.");
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
  const LocalHub hub(relaxed({.max_connections_per_address = 2}));
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 10; ++i) {
    held.push_back(std::make_unique<RawConnection>(hub.base_url()));
    EXPECT_TRUE(is_answered(*held.back()));
  }
}

}  // namespace
}  // namespace torchhub::testing
