#include "torchhub/pickle/value.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>

namespace torchhub::pickle {
namespace {

template <typename Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const PickleError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PickleValue, TakesLiterals) {
  EXPECT_TRUE(Value().is<None>());
  EXPECT_TRUE(Value(true).is<bool>());
  EXPECT_TRUE(Value(1).is<std::int64_t>());
  EXPECT_TRUE(Value(std::size_t{1}).is<std::int64_t>());
  EXPECT_TRUE(Value(std::uint8_t{1}).is<std::int64_t>());
  EXPECT_TRUE(Value(0.5).is<double>());
  EXPECT_TRUE(Value(0.5F).is<double>());
  EXPECT_TRUE(Value("text").is<std::string>());
  EXPECT_TRUE(Value(std::string("text")).is<std::string>());
  EXPECT_TRUE(Value(Tuple{{1, "two", None{}}}).is<Tuple>());
  EXPECT_TRUE(Value(ScalarType::float32).is<ScalarType>());
}

TEST(PickleValue, KeepsLargeUnsignedNumbers) {
  EXPECT_EQ(Value(std::uint64_t{1} << 62).integer(), std::int64_t{1} << 62);
  const Value large = std::numeric_limits<std::uint64_t>::max();
  ASSERT_TRUE(large.is<BigInt>());
  EXPECT_EQ(large.if_is<BigInt>()->bytes,
            "\xff\xff\xff\xff\xff\xff\xff\xff" + std::string(1, '\0'));
}

TEST(PickleValue, SaysWhatItFoundInsteadOfWhatWasAsked) {
  EXPECT_EQ(error_of([] { Value(1).dict(); }), "Expected a dict, found a whole number.");
  EXPECT_EQ(error_of([] { Value("x").number(); }), "Expected a number, found text.");
  EXPECT_EQ(error_of([] { Value(Dict{}).items(); }), "Expected a list or a tuple, found a dict.");
  EXPECT_EQ(error_of([] { Value().tensor(); }), "Expected a tensor, found None.");
  EXPECT_EQ(error_of([] { Value(1.5).integer(); }), "Expected a whole number, found a float.");
  EXPECT_EQ(error_of([] { Value(1).boolean(); }), "Expected a truth value, found a whole number.");
  EXPECT_EQ(error_of([] { Value(1).text(); }), "Expected text, found a whole number.");
}

TEST(PickleValue, ReadsWholeNumbersAsNumbers) {
  EXPECT_EQ(Value(3).number(), 3.0);
  EXPECT_EQ(Value(0.5).number(), 0.5);
}

TEST(PickleDict, FindsAndReplacesByAnyKey) {
  Dict dict;
  dict.set("a", 1);
  dict.set(7, "seven");
  dict.set("a", 2);
  EXPECT_EQ(dict.items.size(), 2U);
  EXPECT_EQ(dict.at("a").integer(), 2);
  EXPECT_EQ(dict.at(7).text(), "seven");
  EXPECT_EQ(dict.find("b"), nullptr);
  EXPECT_EQ(error_of([&] { dict.at("b"); }), "The dict has no key 'b'.");
  EXPECT_EQ(error_of([&] { dict.at(3); }), "The dict has no key 3.");
}

TEST(PickleTensor, KnowsItsBytes) {
  const std::array<float, 6> numbers{0, 1, 2, 3, 4, 5};
  Tensor tensor = make_tensor(ScalarType::float32, {2, 3}, std::as_bytes(std::span(numbers)));
  EXPECT_EQ(tensor.stride, (std::vector<std::int64_t>{3, 1}));
  EXPECT_TRUE(tensor.is_contiguous());
  EXPECT_EQ(tensor.element_count(), 6);
  EXPECT_EQ(tensor.bytes().size(), 24U);

  tensor.shape = {2};
  tensor.stride = {3};
  tensor.offset = 1;
  EXPECT_FALSE(tensor.is_contiguous());
  EXPECT_EQ(tensor.bytes().size(), 16U);  // from element 1 to element 4
}

TEST(PickleTensor, CountsDimensionsOfOneAsContiguous) {
  const std::array<float, 3> numbers{0, 1, 2};
  Tensor tensor = make_tensor(ScalarType::float32, {3, 1}, std::as_bytes(std::span(numbers)));
  tensor.stride = {1, 77};
  EXPECT_TRUE(tensor.is_contiguous());
}

TEST(PickleTensor, RefusesTheWrongNumberOfBytes) {
  const std::array<float, 3> numbers{0, 1, 2};
  try {
    make_tensor(ScalarType::float32, {2, 2}, std::as_bytes(std::span(numbers)));
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "A float32 tensor of shape [2, 2] takes 16 bytes, 12 were given.");
  }
}

TEST(PickleTensor, ComparesContents) {
  const std::array<float, 2> a{0, 1};
  const std::array<float, 2> b{0, 1};
  const std::array<float, 2> c{0, 2};
  const auto tensor = [](const std::array<float, 2>& numbers) {
    return Value(make_tensor(ScalarType::float32, {2}, std::as_bytes(std::span(numbers))));
  };
  EXPECT_EQ(tensor(a), tensor(b));
  EXPECT_NE(tensor(a), tensor(c));
}

TEST(PickleNumpyArray, GivesWholeNumbers) {
  EXPECT_EQ((NumpyArray{"u2", {2}, std::string("\x01\x00\xff\xff", 4)}.integers()),
            (std::vector<std::int64_t>{1, 65535}));
  EXPECT_EQ((NumpyArray{"i2", {2}, std::string("\x01\x00\xff\xff", 4)}.integers()),
            (std::vector<std::int64_t>{1, -1}));
  EXPECT_THROW((NumpyArray{"f4", {1}, std::string(4, '\0')}.integers()), PickleError);
  EXPECT_THROW((NumpyArray{"u8", {1}, std::string(8, '\xff')}.integers()), PickleError);
}

TEST(ScalarType, NamesGoBothWays) {
  for (int i = 0; i <= static_cast<int>(ScalarType::float8_e8m0fnu); ++i) {
    const auto type = static_cast<ScalarType>(i);
    EXPECT_EQ(find_scalar_type(to_string(type)), type);
    if (storage_class(type).empty()) continue;
    EXPECT_EQ(find_storage_class(storage_class(type)), type);
  }
  EXPECT_EQ(item_size(ScalarType::complex128), 16U);
  EXPECT_FALSE(find_storage_class(""));
  EXPECT_FALSE(find_scalar_type("float"));
}

}  // namespace
}  // namespace torchhub::pickle
