#include "torchhub/safetensors/dtype.h"

#include <gtest/gtest.h>

#include <limits>

namespace torchhub::safetensors {
namespace {

TEST(SafetensorsDtype, NamesGoBothWays) {
  EXPECT_EQ(all_dtypes().size(), 22U);
  for (const Dtype dtype : all_dtypes()) EXPECT_EQ(find_dtype(to_string(dtype)), dtype);
  EXPECT_EQ(to_string(Dtype::F8_E4M3FNUZ), "F8_E4M3FNUZ");
  EXPECT_FALSE(find_dtype("f32"));
  EXPECT_FALSE(find_dtype(""));
}

TEST(SafetensorsDtype, KnowsTheSizeOfEach) {
  EXPECT_EQ(bits(Dtype::F4), 4U);
  EXPECT_EQ(bits(Dtype::F6_E2M3), 6U);
  EXPECT_EQ(bits(Dtype::BOOL), 8U);
  EXPECT_EQ(bits(Dtype::BF16), 16U);
  EXPECT_EQ(bits(Dtype::U32), 32U);
  EXPECT_EQ(bits(Dtype::C64), 64U);
}

TEST(SafetensorsDtype, CountsBytesOfAShape) {
  const auto bytes = [](Dtype dtype, std::vector<std::int64_t> shape) {
    return byte_count(dtype, shape);
  };
  EXPECT_EQ(bytes(Dtype::F32, {}), 4U);
  EXPECT_EQ(bytes(Dtype::F32, {2, 3}), 24U);
  EXPECT_EQ(bytes(Dtype::F32, {2, 0}), 0U);
  EXPECT_EQ(bytes(Dtype::F6_E3M2, {4}), 3U);
  EXPECT_EQ(bytes(Dtype::F6_E3M2, {3}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::U8, {-1}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::U8, {std::numeric_limits<std::int64_t>::max(), 3}), std::nullopt);
}

}  // namespace
}  // namespace torchhub::safetensors
