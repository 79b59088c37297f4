#include "server/accounts/failed_logins.h"

#include "support/fake_clock.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::server {
namespace {

using namespace std::chrono_literals;

class FailedLoginsTest : public ::testing::Test {
 protected:
  void fail(const std::string& address, unsigned times = FailedLogins::kLimit) {
    for (unsigned i = 0; i < times; ++i) failed_.note(address);
  }

  testing::FakeClock clock_;
  FailedLogins failed_{clock_};
};

TEST_F(FailedLoginsTest, MakesAnAddressWaitForTheEndOfItsMinute) {
  fail("203.0.113.7", FailedLogins::kLimit - 1);
  EXPECT_FALSE(failed_.wait_of("203.0.113.7"));
  clock_.advance(20s);
  fail("203.0.113.7", 1);
  EXPECT_EQ(failed_.wait_of("203.0.113.7"), 40s);
  EXPECT_FALSE(failed_.wait_of("203.0.113.8"));
  clock_.advance(39s + 1ms);
  EXPECT_EQ(failed_.wait_of("203.0.113.7"), 1s) << "never 0, which would read as: now";
  clock_.advance(999ms);
  EXPECT_FALSE(failed_.wait_of("203.0.113.7"));
  fail("203.0.113.7", 1);
  EXPECT_FALSE(failed_.wait_of("203.0.113.7")) << "a new minute";
}

TEST_F(FailedLoginsTest, HasMinutesThatNobodySetsAheadOrBack) {
  for (const auto jump : {-24h, 24h * 3650}) {
    fail("203.0.113.7");
    clock_.set_wall(jump);
    EXPECT_EQ(failed_.wait_of("203.0.113.7"), 60s) << jump.count();
    clock_.advance(1min);
    EXPECT_FALSE(failed_.wait_of("203.0.113.7")) << jump.count();
  }
}

TEST_F(FailedLoginsTest, CountsAUsersWholeNetworkOfIpv6) {
  fail("2001:db8:1:2::1");
  EXPECT_TRUE(failed_.wait_of("2001:db8:1:2:ffff::9"));
  EXPECT_FALSE(failed_.wait_of("2001:db8:1:3::1"));
  fail("::ffff:203.0.113.9");
  EXPECT_TRUE(failed_.wait_of("203.0.113.9")) << "IPv4 on a socket for both";
}

TEST_F(FailedLoginsTest, NeverLimitsLoopbackOrTheUnknown) {
  for (const char* address : {"", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"}) {
    fail(address);
    EXPECT_FALSE(failed_.wait_of(address)) << address;
  }
}

TEST_F(FailedLoginsTest, ForgetsRatherThanGrow) {
  fail("203.0.113.7");
  for (int i = 0; i < 10'000; ++i) fail("10." + std::to_string(i), 1);
  EXPECT_FALSE(failed_.wait_of("203.0.113.7"));
  fail("203.0.113.7");
  EXPECT_TRUE(failed_.wait_of("203.0.113.7"));
}

}  // namespace
}  // namespace torchhub::server
