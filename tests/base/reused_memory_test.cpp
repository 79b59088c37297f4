#include "torchhub/base/reused_memory.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace torchhub {
namespace {

constexpr std::size_t kBlock = ReusedMemory::kBlockBytes;

/// What a save takes and lets go. @return where it lay
std::set<const std::byte*> save(ReusedMemory& memory, int blocks) {
  std::vector<ReusedMemory::Block> taken;
  for (int i = 0; i < blocks; ++i) taken.push_back(memory.take());
  std::set<const std::byte*> places;
  for (const auto& block : taken) places.insert(block.get());
  return places;
}

TEST(ReusedMemory, GivesTheNextSaveWhatTheOneBeforeLetGo) {
  ReusedMemory memory;
  const auto first = save(memory, 3);
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(memory.bytes_idle(), 3 * kBlock);
  EXPECT_EQ(save(memory, 3), first);
  EXPECT_EQ(memory.bytes_idle(), 3 * kBlock);
}

TEST(ReusedMemory, FreesWhatWasNotNeededSinceItWasLastTrimmed) {
  ReusedMemory memory;
  save(memory, 5);
  memory.trim();  // all were needed
  EXPECT_EQ(memory.bytes_idle(), 5 * kBlock);
  save(memory, 2);
  memory.trim();
  EXPECT_EQ(memory.bytes_idle(), 2 * kBlock);
  memory.trim();
  EXPECT_EQ(memory.bytes_idle(), 0U);
  EXPECT_EQ(save(memory, 4).size(), 4U);
}

TEST(ReusedMemory, TakesBackABlockThatOutlivesIt) {
  std::optional<ReusedMemory> memory(std::in_place);
  const ReusedMemory::Block block = memory->take();
  memory.reset();
  block[kBlock - 1] = std::byte{7};
  EXPECT_EQ(block[kBlock - 1], std::byte{7});
}

}  // namespace
}  // namespace torchhub
