#include "torchhub/pickle/writer.h"

#include "pickle/describe.h"
#include "torchhub/base/error.h"
#include "torchhub/pickle/reader.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <random>

namespace torchhub::pickle {
namespace {

/// `value`, written and read again.
Value again(const Value& value) {
  const WrittenPickle written = write_pickle(value);
  ReadOptions options;
  options.storage = [&](const StorageRequest& request) {
    return written.storages.at(std::stoul(request.key));
  };
  const auto result = read_pickle(std::as_bytes(std::span(written.bytes)), options);
  EXPECT_EQ(result.size, written.bytes.size());
  return result.value;
}

TEST(WritePickle, WritesWhatPythonWritesForSmallValues) {
  // pickletools.optimize(pickle.dumps(x, 2)), but that texts are remembered
  EXPECT_EQ(write_pickle(Value()).bytes, "\x80\x02N.");
  EXPECT_EQ(write_pickle(Value(true)).bytes, "\x80\x02\x88.");
  EXPECT_EQ(write_pickle(Value(255)).bytes, "\x80\x02K\xff.");
  EXPECT_EQ(write_pickle(Value(256)).bytes, std::string("\x80\x02M\x00\x01.", 6));
  EXPECT_EQ(write_pickle(Value(-1)).bytes, "\x80\x02J\xff\xff\xff\xff.");
  EXPECT_EQ(write_pickle(Value(std::int64_t{1} << 31)).bytes,
            std::string("\x80\x02\x8a\x05\x00\x00\x00\x80\x00.", 10));
  EXPECT_EQ(write_pickle(Value(1.0)).bytes, std::string("\x80\x02G\x3f\xf0\0\0\0\0\0\0.", 12));
  EXPECT_EQ(write_pickle(Value(Tuple{})).bytes, "\x80\x02).");
  EXPECT_EQ(write_pickle(Value(Tuple{{1, 2, 3}})).bytes, "\x80\x02K\x01K\x02K\x03\x87.");
  EXPECT_EQ(write_pickle(Value(List{{1, 2}})).bytes,
            "\x80\x02](K\x01K\x02"
            "e.");
  EXPECT_EQ(write_pickle(Value("a")).bytes, std::string("\x80\x02X\x01\0\0\0aq\0.", 11));
}

TEST(WritePickle, IsReadBackForEveryWholeNumber) {
  std::vector<std::int64_t> numbers{0};
  for (int bit = 0; bit < 63; ++bit) {
    for (const std::int64_t near : {-1, 0, 1}) {
      numbers.push_back((std::int64_t{1} << bit) + near);
      numbers.push_back(-(std::int64_t{1} << bit) + near);
    }
  }
  numbers.push_back(std::numeric_limits<std::int64_t>::max());
  numbers.push_back(std::numeric_limits<std::int64_t>::min());
  for (const std::int64_t number : numbers) EXPECT_EQ(again(Value(number)).integer(), number);
}

TEST(WritePickle, IsReadBackForNumbersBeyond64Bits) {
  const Value large = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(again(large), large);
  const Value huge = BigInt{std::string(200, '\x12')};
  EXPECT_EQ(again(huge), huge);
  EXPECT_THROW(write_pickle(Value(BigInt{std::string(256, '\x12')})), InvalidArgumentError);
}

TEST(WritePickle, IsReadBackForContainersBeyondABatch) {
  for (const int count : {999, 1000, 1001, 2000, 2001}) {
    List list;
    Dict dict;
    for (int i = 0; i < count; ++i) {
      list.items.emplace_back(i);
      dict.items.emplace_back("key" + std::to_string(i), i);
    }
    EXPECT_EQ(again(Value(list)), Value(list));
    EXPECT_EQ(again(Value(dict)), Value(dict));
  }
}

TEST(WritePickle, KeepsOrderedDictsAndTheirAttributes) {
  Dict dict{{{"w", 1}, {"b", 2}}, true, {{"_metadata", Dict{{{"", 1}}, true}}}};
  EXPECT_EQ(again(Value(dict)), Value(dict));
  EXPECT_TRUE(again(Value(dict)).dict().attributes[0].second.dict().ordered);
}

TEST(WritePickle, KeepsBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(again(Value(Bytes{all})), Value(Bytes{all}));
  EXPECT_EQ(again(Value(Bytes{})), Value(Bytes{}));
}

TEST(WritePickle, KeepsTensorsOfEveryType) {
  for (int i = 0; i <= static_cast<int>(ScalarType::float8_e8m0fnu); ++i) {
    const auto type = static_cast<ScalarType>(i);
    SCOPED_TRACE(to_string(type));
    const std::string bytes(6 * item_size(type), static_cast<char>(i));
    Tensor tensor = make_tensor(type, {2, 3}, std::as_bytes(std::span(bytes)));
    EXPECT_EQ(again(Value(tensor)), Value(tensor));
    tensor.parameter = tensor.requires_grad = true;
    EXPECT_EQ(again(Value(tensor)), Value(tensor));
  }
}

TEST(WritePickle, WritesANumpyArrayAsAList) {
  const Value array = NumpyArray{"u4", {2}, std::string("\1\0\0\0\2\0\0\0", 8)};
  EXPECT_EQ(again(array), Value(List{{1, 2}}));
  EXPECT_THROW(write_pickle(NumpyArray{"u4", {1, 1}, std::string(4, '\0')}), InvalidArgumentError);
}

TEST(WritePickle, RefusesWhatCannotBeReadBack) {
  const auto error_of = [](const Value& value) -> std::string {
    try {
      write_pickle(value);
    } catch (const InvalidArgumentError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::array<float, 2> numbers{1, 2};
  const auto bytes = std::as_bytes(std::span(numbers));
  Tensor tensor = make_tensor(ScalarType::float32, {2}, bytes);
  EXPECT_EQ(error_of(Value("\xff")), "A text that is not UTF-8 cannot be stored.");
  EXPECT_EQ(error_of(Tensor{ScalarType::float32}), "A tensor has no storage.");

  Tensor far = tensor;
  far.offset = 1;
  EXPECT_EQ(error_of(far), "A tensor reaches out of its storage.");
  Tensor backwards = tensor;
  backwards.stride = {-1};
  EXPECT_EQ(error_of(backwards), "A tensor has a negative size or stride.");
  Tensor ragged = tensor;
  ragged.stride = {};
  EXPECT_EQ(error_of(ragged), "A tensor's shape, stride and storage do not fit together.");

  Tensor other = tensor;
  other.type = ScalarType::int32;
  EXPECT_EQ(error_of(List{{tensor, other}}),
            "Tensors of float32 and int32 share a storage; copy one of them before saving.");
}

/// Any tree of plain values.
Value any_value(std::mt19937& random, int depth) {
  switch (random() % (depth > 3 ? 6 : 9)) {
    case 0:
      return None{};
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random()) << random() % 32;
    case 3:
      return static_cast<double>(random()) / 7;
    case 4:
      return std::string(random() % 5, 'x');
    case 5:
      return Bytes{std::string(random() % 5, '\xfe')};
    case 6: {
      List list;
      for (auto n = random() % 6; n > 0; --n) list.items.push_back(any_value(random, depth + 1));
      return list;
    }
    case 7: {
      Tuple tuple;
      for (auto n = random() % 6; n > 0; --n) tuple.items.push_back(any_value(random, depth + 1));
      return tuple;
    }
    default: {
      Dict dict;
      dict.ordered = random() % 2 == 0;
      for (auto n = random() % 6; n > 0; --n) {
        dict.set(std::to_string(random() % 100), any_value(random, depth + 1));
      }
      return dict;
    }
  }
}

TEST(WritePickle, IsReadBackForAnyTree) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Value value = any_value(random, 0);
    EXPECT_EQ(testing::describe(again(value)), testing::describe(value));
  }
}

}  // namespace
}  // namespace torchhub::pickle
