#include "server/lfs/parts_hash.h"

#include "server/lfs/part_plan.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace torchhub::server {
namespace {

TEST(PartPlan, CutsAnObjectWithoutARemainder) {
  const PartPlan plan{10, 4};
  EXPECT_EQ(plan.count(), 3U);
  EXPECT_EQ(plan.offset(3), 8U);
  EXPECT_EQ(plan.length(1), 4U);
  EXPECT_EQ(plan.length(3), 2U);
  EXPECT_FALSE(plan.has(0));
  EXPECT_TRUE(plan.has(3));
  EXPECT_FALSE(plan.has(4));
  EXPECT_EQ(plan.number_at(8), 3U);
  EXPECT_EQ(plan.number_at(10), 0U) << "the end begins no part";
  EXPECT_EQ((PartPlan{8, 4}.count()), 2U);
  EXPECT_EQ((PartPlan{0, 4}.count()), 0U);
}

TEST(PartPlan, RaisesThePartsUntilThereAreFewEnough) {
  constexpr std::uint64_t kChunk = std::uint64_t{64} << 20;
  EXPECT_EQ(plan_parts(std::uint64_t{200} << 30, kChunk, 10'000).chunk_bytes, kChunk);
  for (const std::uint64_t size :
       {std::uint64_t{10'000} * kChunk, std::uint64_t{10'000} * kChunk + 1, std::uint64_t{1} << 50,
        ~std::uint64_t{0}}) {
    SCOPED_TRACE(size);
    const PartPlan plan = plan_parts(size, kChunk, 10'000);
    EXPECT_LE(plan.count(), 10'000U);
    EXPECT_GE(plan.count(), 9'990U);
  }
}

/// A file in memory, and the hash that goes along.
struct HashedFile {
  explicit HashedFile(std::string wanted)
      : content(std::move(wanted)), bytes(content.size(), '?') {}

  PartsHash::ReadFn reader() {
    return [this](std::uint64_t offset, std::span<std::byte> room) {
      const auto* from = reinterpret_cast<const std::byte*>(bytes.data());
      std::copy_n(from + offset, room.size(), room.begin());
      read += room.size();
      return room.size();
    };
  }
  void put(PartsHash::Writer& writer, std::uint64_t offset, const std::string& part) {
    bytes.replace(offset, part.size(), part);
    writer.update(std::as_bytes(std::span(part)));
  }
  void write(std::uint64_t offset, std::uint64_t length) {
    auto writer = hash.begin(offset);
    put(writer, offset, content.substr(offset, length));
    hash.end(writer, length);
  }
  std::string finish() { return hash.finish(bytes.size(), reader()); }

  std::string content;
  std::string bytes;
  std::size_t read = 0;
  PartsHash hash = {};
};

TEST(PartsHash, ReadsNothingBackOfPartsThatCameInOrder) {
  HashedFile file("abcdefghij");
  for (const std::uint64_t offset : {0, 4, 8})
    file.write(offset, PartPlan{10, 4}.length(offset / 4 + 1));
  EXPECT_EQ(file.finish(), sha256_hex(file.content));
  EXPECT_EQ(file.read, 0U);
}

TEST(PartsHash, CatchesUpWithPartsThatCameTooEarly) {
  HashedFile file("abcdefghij");
  file.write(4, 4);
  file.write(8, 2);
  file.write(0, 4);
  const PartPlan plan{10, 4};
  file.hash.catch_up(
      [&](std::uint64_t offset) {
        return plan.has(plan.number_at(offset)) ? plan.length(plan.number_at(offset)) : 0;
      },
      4, file.reader());
  EXPECT_EQ(file.read, 4U) << "no more than it may";
  EXPECT_EQ(file.finish(), sha256_hex(file.content));
  EXPECT_EQ(file.read, 6U);
}

TEST(PartsHash, ForgetsWhatIsWrittenAgain) {
  HashedFile file("abcdefgh");
  file.write(0, 4);
  file.write(4, 4);
  auto writer = file.hash.begin(0);
  file.put(writer, 0, "ABCD");
  file.hash.end(writer, 4);
  EXPECT_EQ(file.finish(), sha256_hex("ABCDefgh"));
}

TEST(PartsHash, TrustsNoWriterThatWasNotAlone) {
  HashedFile file("abcdefgh");
  auto first = file.hash.begin(0);
  file.put(first, 0, "abcd");
  auto second = file.hash.begin(0);
  file.put(second, 0, "AB");
  file.hash.end(first, 4);
  file.hash.abandon(second);
  file.write(4, 4);
  EXPECT_EQ(file.finish(), sha256_hex("ABcdefgh"));
}

TEST(PartsHash, KeepsNothingOfAnAbandonedPart) {
  HashedFile file("abcdefgh");
  auto writer = file.hash.begin(0);
  file.put(writer, 0, "xy");
  file.hash.abandon(writer);
  file.write(0, 4);
  file.write(4, 4);
  EXPECT_EQ(file.finish(), sha256_hex(file.content));
  EXPECT_EQ(file.read, 0U);
}

TEST(PartsHash, IsRightInEveryOrder) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto up_to = [&](int n) { return std::uniform_int_distribution(0, n)(random); };
    const PartPlan plan{static_cast<std::uint64_t>(1 + up_to(60)),
                        static_cast<std::uint64_t>(1 + up_to(9))};
    std::string content;
    while (content.size() < plan.size) content += static_cast<char>('a' + up_to(25));
    HashedFile file(content);
    std::vector<std::uint64_t> order(plan.count());
    std::iota(order.begin(), order.end(), 1);
    for (int again = up_to(static_cast<int>(plan.count())); again > 0; --again) {
      order.push_back(static_cast<std::uint64_t>(again));
    }
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> there(plan.count() + 2);
    for (const std::uint64_t number : order) {
      auto writer = file.hash.begin(plan.offset(number));
      if (up_to(3) == 0) {  // another one gives up meanwhile
        auto other = file.hash.begin(plan.offset(number));
        file.put(other, plan.offset(number), "!");
        file.hash.abandon(other);
      }
      file.put(writer, plan.offset(number),
               content.substr(plan.offset(number), plan.length(number)));
      file.hash.end(writer, plan.length(number));
      there[number] = true;
      const auto length = [&](std::uint64_t offset) -> std::uint64_t {
        const std::uint64_t at = plan.number_at(offset);
        return plan.has(at) && there[at] ? plan.length(at) : 0;
      };
      if (up_to(1) == 0) file.hash.catch_up(length, 2 * plan.chunk_bytes, file.reader());
    }
    EXPECT_EQ(file.finish(), sha256_hex(content));
  }
}

}  // namespace
}  // namespace torchhub::server
