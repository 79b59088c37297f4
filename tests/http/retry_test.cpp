#include "torchhub/http/retry.h"

#include "support/fake_clock.h"
#include "support/scripted_server.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeClock;
using testing::ReceivedRequest;
using testing::ScriptedReply;
using testing::ScriptedServer;

struct RetryTest : ::testing::Test {
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  std::shared_ptr<Transport> transport =
      make_retry_transport(make_curl_transport(), {.jitter = 0}, clock);
};

TEST_F(RetryTest, WaitsOneTwoFourEightEightSecondsAndThenReturnsTheAnswer) {
  ScriptedServer server{{.status = 503, .body = "busy"}};
  const Response response = transport->send({.url = server.url()}, {});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(server.requests().size(), 6U);
  EXPECT_EQ(clock->sleeps(), (std::vector<milliseconds>{seconds(1), seconds(2), seconds(4),
                                                        seconds(8), seconds(8)}));
}

TEST_F(RetryTest, RepeatsUntilItWorks) {
  ScriptedServer server{{.status = 500}, {.cut_after = -1}, {.status = 200, .body = "fine"}};
  EXPECT_EQ(transport->send({.method = "PUT", .url = server.url(), .body = "b"}, {}).body, "fine");
  for (const ReceivedRequest& request : server.requests()) EXPECT_EQ(request.body, "b");
}

TEST_F(RetryTest, ThrowsTheLastConnectionError) {
  EXPECT_THROW(transport->send({.url = testing::url_where_nothing_listens()}, {}), ConnectionError);
  EXPECT_EQ(clock->sleeps().size(), 5U);
}

TEST_F(RetryTest, LeavesOtherStatusesAlone) {
  for (const int status : {200, 302, 400, 401, 403, 404, 409, 412, 501}) {
    ScriptedServer server{{.status = status}};
    EXPECT_EQ(transport->send({.url = server.url()}, {}).status, status);
    EXPECT_EQ(server.requests().size(), 1U) << status;
  }
}

TEST_F(RetryTest, SendsOnceWhatIsNotSafeToRepeat) {
  ScriptedServer server{{.status = 503}};
  transport->send({.method = "POST", .url = server.url(), .body = "x", .safe_to_repeat = false},
                  {});
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(RetryTest, WaitsAsLongAsTheServerAsks) {
  ScriptedServer server{{.status = 429, .headers = {{"Retry-After", "17"}}},
                        {.status = 429, .headers = {{"RateLimit", "\"api\";r=0;t=55"}}},
                        {.status = 200}};
  EXPECT_EQ(transport->send({.url = server.url()}, {}).status, 200);
  EXPECT_EQ(clock->sleeps(), (std::vector<milliseconds>{seconds(18), seconds(56)}));
}

TEST_F(RetryTest, HandsBackAnAnswerThatAsksForTooLongAPause) {
  ScriptedServer server{{.status = 429, .headers = {{"Retry-After", "86400"}}}};
  EXPECT_EQ(transport->send({.url = server.url()}, {}).status, 429);
  EXPECT_TRUE(clock->sleeps().empty());
}

TEST_F(RetryTest, NeverGivesTheSinkTheSameBytesTwice) {
  ScriptedServer server{{.body = "0123456789", .cut_after = 4}};
  std::size_t got = 0;
  EXPECT_THROW(
      transport->send({.url = server.url(),
                       .sink = [&](std::span<const std::byte> bytes) { got += bytes.size(); }},
                      {}),
      ConnectionError);
  EXPECT_EQ(got, 4U);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(RetryTest, StopsWaitingWhenAskedTo) {
  std::stop_source stop;
  ScriptedServer server([&](const ReceivedRequest&) {
    stop.request_stop();
    return ScriptedReply{.status = 503};
  });
  EXPECT_THROW(transport->send({.url = server.url()}, stop.get_token()), CancelledError);
}

TEST(AskedWait, TrustsRateLimitOnlyWhenNothingRemains) {
  const auto asked = [](std::string value) {
    return asked_wait({.status = 429, .headers = {{"RateLimit", std::move(value)}}});
  };
  EXPECT_EQ(asked("\"api\";r=0;t=55"), seconds(56));
  EXPECT_EQ(asked("\"api\"; r=0; t=5, \"other\";r=1;t=9"), seconds(6));
  EXPECT_EQ(asked("\"api\";r=489;t=55"), std::nullopt);
  EXPECT_EQ(asked("nonsense"), std::nullopt);
}

TEST(AskedWait, IgnoresDatesAndOtherStatuses) {
  EXPECT_EQ(asked_wait({.status = 429, .headers = {{"Retry-After", "Wed, 21 Oct 2015"}}}),
            std::nullopt);
  EXPECT_EQ(asked_wait({.status = 500, .headers = {{"Retry-After", "3"}}}), std::nullopt);
}

TEST(RetryPolicy, JitterOnlyShortensAWait) {
  auto clock = std::make_shared<FakeClock>();
  ScriptedServer server{{.status = 503}};
  make_retry_transport(make_curl_transport(), {.jitter = 0.5}, clock)
      ->send({.url = server.url()}, {});
  const auto sleeps = clock->sleeps();
  ASSERT_EQ(sleeps.size(), 5U);
  EXPECT_LE(sleeps[0], seconds(1));
  EXPECT_GE(sleeps[0], milliseconds(500));
}

}  // namespace
}  // namespace torchhub
