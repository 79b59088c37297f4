#include "torchhub/base/byte_size.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

TEST(ByteSize, ReadsWhatPythonReads) {
  const auto golden = nlohmann::json::parse(testing::golden("safetensors/shard_plans.json"));
  for (const auto& [text, bytes] : golden.at("sizes").items()) {
    EXPECT_EQ(parse_byte_size(text), bytes) << text;
  }
}

TEST(ByteSize, KnowsPowersOf1024AndPlainBytes) {
  EXPECT_EQ(parse_byte_size("10KiB"), 10'240U);
  EXPECT_EQ(parse_byte_size("1.5 GiB"), 1'610'612'736U);
  EXPECT_EQ(parse_byte_size("123"), 123U);
}

TEST(ByteSize, RefusesEverythingElse) {
  for (const char* text : {"", "GB", "5B", "5XB", "-1GB", "5GBs", "nan", "infGB", "1e3GB",
                           "9999999TB", "5 G B", "5Kib"}) {
    EXPECT_THROW(parse_byte_size(text), InvalidArgumentError) << text;
  }
}

TEST(ByteSize, SaysWhatToWriteInstead) {
  const auto error_of = [](const char* text) -> std::string {
    try {
      parse_byte_size(text);
    } catch (const InvalidArgumentError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of("5Gb"),
            "'5Gb' is not a size: 'b' means bits. Write an upper-case B, as in 5GB.");
  EXPECT_EQ(error_of("5XB"),
            "'5XB' is not a size. Write a number of bytes, or a number with KB, MB, GB, TB (powers "
            "of 1000) or KiB, MiB, GiB, TiB (powers of 1024), as in 5GB.");
}

}  // namespace
}  // namespace torchhub
