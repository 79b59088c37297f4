#include "torchhub/base/timestamp.h"

#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using namespace std::chrono;

system_clock::time_point at(std::int64_t milliseconds_since_1970) {
  return system_clock::time_point(milliseconds(milliseconds_since_1970));
}

TEST(Rfc3339, IsWrittenInUtcWithThreeDecimals) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(1'795'308'231'007)), "2026-11-22T00:43:51.007Z");
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at(951'782'400'000)), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(0) + nanoseconds(999'999)), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339, IsReadInEveryForm) {
  const auto expected = at(1'795'308'231'000);
  for (const char* text :
       {"2026-11-22T00:43:51.000Z", "2026-11-22T00:43:51Z", "2026-11-22t00:43:51z",
        "2026-11-22 00:43:51Z", "2026-11-22T01:43:51+01:00", "2026-11-21T19:13:51-05:30",
        "2026-11-22T00:43:51.0000009Z"}) {
    EXPECT_EQ(parse_rfc3339(text), expected) << text;
  }
  EXPECT_EQ(parse_rfc3339("2026-11-22T00:43:51.5Z"), expected + milliseconds(500));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), at(1'483'228'800'000));  // a leap second
}

TEST(Rfc3339, GoesThereAndBack) {
  for (std::int64_t ms = -4'000'000'000'000; ms < 8'000'000'000'000; ms += 123'456'789'123) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(at(ms))), at(ms));
  }
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T00:43:51", "2026-13-22T00:43:51Z", "2026-02-29T00:43:51Z",
        "2026-11-22T24:00:00Z", "2026-11-22T00:60:51Z", "2026-11-22T00:43:61Z",
        "2026-11-22T00:43:51.Z", "2026-11-22T00:43:51+1:00", "2026-11-22T00:43:51+24:00",
        "2026-11-22T00:43:51+01:60", "2026-11-22T00:43:51Zx", "26-11-22T00:43:51Z",
        "-026-11-22T00:43:51Z", "2026-11-22T 0:43:51Z"}) {
    EXPECT_THROW(parse_rfc3339(text), InvalidArgumentError) << text;
  }
  try {
    parse_rfc3339("yesterday");
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "'yesterday' is not an RFC 3339 time such as 2026-11-22T00:43:51.000Z.");
  }
}

}  // namespace
}  // namespace torchhub
