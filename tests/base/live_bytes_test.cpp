#include "torchhub/base/live_bytes.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

using testing::message_of;

std::span<const std::byte> bytes_of(const std::string& text, std::size_t offset = 0,
                                    std::size_t size = std::string::npos) {
  const auto all = std::as_bytes(std::span(text));
  return all.subspan(offset, std::min(size, all.size() - offset));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What the reader gets for a range, in pieces of `size`.
std::string read_all(LiveBytes& live, std::span<const std::byte> range, std::size_t size) {
  std::string out;
  for (; !range.empty(); range = range.subspan(std::min(size, range.size()))) {
    out += text_of(live.read(range.first(std::min(size, range.size()))));
  }
  return out;
}

void change(std::string& memory) { std::ranges::fill(memory, '#'); }

TEST(LiveBytes, GivesOldBytesWhereverKeepFallsBetweenThePieces) {
  const std::string old = "abcdefghij";
  for (std::size_t before = 0; before <= old.size(); ++before) {
    for (std::size_t size = 1; size <= 4; ++size) {
      SCOPED_TRACE(::testing::Message() << before << " bytes before, pieces of " << size);
      std::string memory = old;
      LiveBytes live;
      live.add(bytes_of(memory));
      std::string read = read_all(live, bytes_of(memory, 0, before), size);
      EXPECT_EQ(live.keep(), old.size() - before);
      change(memory);
      read += read_all(live, bytes_of(memory, before), size);
      EXPECT_EQ(read, old);
    }
  }
}

TEST(LiveBytes, KeepsOnlyWhatIsNotReadAndOnlyOnce) {
  std::string a(100, 'a');
  std::string b(50, 'b');
  LiveBytes live;
  live.add(bytes_of(a));
  live.add(bytes_of(b));
  live.read(bytes_of(a, 0, 30));
  EXPECT_EQ(live.bytes_kept(), 0U);
  EXPECT_EQ(live.keep(), 120U);
  EXPECT_EQ(live.keep(), 0U);
  EXPECT_EQ(live.bytes_kept(), 120U);
  EXPECT_EQ(live.bytes_held(), 120U);
}

TEST(LiveBytes, KeepsAheadFromTheEndAndOnlyWhatIsStillLive) {
  std::string a(100, 'a');
  std::string b(50, 'b');
  LiveBytes live;
  live.add(bytes_of(a));
  live.add(bytes_of(b));
  live.read(bytes_of(a, 0, 30));
  EXPECT_EQ(live.bytes_live(), 120U);
  std::size_t ahead = 0;
  for (int i = 0; i < 3; ++i) ahead += live.keep_ahead(40);  // a range's begin may be shorter
  EXPECT_EQ(live.bytes_live(), 120U - ahead);
  EXPECT_GE(ahead, 90U);
  EXPECT_EQ(live.keep(), 120U - ahead);
  EXPECT_EQ(live.keep_ahead(40), 0U);
  EXPECT_EQ(live.bytes_kept(), 120U);
  a.assign(100, 'x');
  b.assign(50, 'x');
  EXPECT_EQ(read_all(live, bytes_of(b), 7), std::string(50, 'b'));
  EXPECT_EQ(text_of(live.read(bytes_of(a, 30, 70))), std::string(70, 'a'));
  EXPECT_EQ(live.bytes_held(), 0U);
}

TEST(LiveBytes, PutsCopiesIntoAsFewBlocksAsTheyFillAndGivesThemBack) {
  constexpr std::size_t kBlock = ReusedMemory::kBlockBytes;
  std::vector<std::string> memory;
  std::vector<std::string> old;
  for (const std::size_t size : {kBlock / 3, kBlock, 2 * kBlock + 7, kBlock / 3}) {
    memory.emplace_back(size, static_cast<char>('a' + memory.size()));
  }
  old = memory;
  const auto blocks = std::make_shared<ReusedMemory>();
  LiveBytes live(blocks);
  for (const std::string& each : memory) live.add(bytes_of(each));
  EXPECT_GT(live.keep_ahead(kBlock / 2), 0U);
  live.keep();
  EXPECT_EQ(live.bytes_kept(), kBlock / 3 + kBlock + 2 * kBlock + 7 + kBlock / 3);
  EXPECT_EQ(blocks->bytes_idle(), 0U);
  for (std::string& each : memory) change(each);
  for (std::size_t i = 0; i < memory.size(); ++i) {
    EXPECT_EQ(read_all(live, bytes_of(memory[i]), 100'000), old[i]);
  }
  EXPECT_EQ(blocks->bytes_idle(), 4 * kBlock);  // 3.7 of them were filled
}

TEST(LiveBytes, KeepsNothingWhenAllIsRead) {
  const std::string memory(100, 'a');
  LiveBytes live;
  live.add(bytes_of(memory));
  EXPECT_EQ(read_all(live, bytes_of(memory), 7), memory);
  EXPECT_EQ(live.keep(), 0U);
}

TEST(LiveBytes, FreesTheCopyOfARangeWithItsLastPiece) {
  const std::string a(100, 'a');
  const std::string b(50, 'b');
  LiveBytes live;
  live.add(bytes_of(a));
  live.add(bytes_of(b));
  live.keep();
  live.read(bytes_of(a, 0, 60));
  EXPECT_EQ(live.bytes_held(), 150U);
  live.read(bytes_of(a, 60));
  EXPECT_EQ(live.bytes_held(), 50U);
  live.read(bytes_of(b));
  EXPECT_EQ(live.bytes_held(), 0U);
  EXPECT_EQ(live.bytes_kept(), 150U);
}

TEST(LiveBytes, GivesMemoryThatWasNotAddedAsItIsAndWithoutACopy) {
  const std::string added = "added";
  std::string other = "other";
  LiveBytes live;
  live.add(bytes_of(added));
  live.keep();
  change(other);
  EXPECT_EQ(live.read(bytes_of(other)).data(), bytes_of(other).data());
  EXPECT_EQ(text_of(live.read(bytes_of(other))), "#####");
}

TEST(LiveBytes, PutsAPieceOverAddedAndOtherMemoryTogether) {
  std::string memory = "-aa-bbb--c";
  LiveBytes live;
  live.add(bytes_of(memory, 1, 2));
  live.add(bytes_of(memory, 4, 3));
  live.add(bytes_of(memory, 9, 1));
  EXPECT_EQ(live.keep(), 6U);
  change(memory);
  EXPECT_EQ(text_of(live.read(bytes_of(memory, 0, 6))), "#aa#bb");
  EXPECT_EQ(text_of(live.read(bytes_of(memory, 6))), "b##c");
  EXPECT_EQ(live.bytes_held(), 0U);
}

TEST(LiveBytes, ReadsMemoryAsOftenAsItWasAddedAndKeepsItOnce) {
  for (std::size_t before = 0; before <= 10; ++before) {
    SCOPED_TRACE(before);
    std::string memory = "abcdefghij";
    LiveBytes live;
    live.add(bytes_of(memory));
    live.add(bytes_of(memory));
    std::string first = read_all(live, bytes_of(memory, 0, before), 3);
    EXPECT_EQ(live.keep(), 10U);
    change(memory);
    first += read_all(live, bytes_of(memory, before), 3);
    EXPECT_EQ(first, "abcdefghij");
    EXPECT_GT(live.bytes_held(), 0U);
    EXPECT_EQ(read_all(live, bytes_of(memory), 4), "abcdefghij");
    EXPECT_EQ(live.bytes_held(), 0U);
  }
}

/// Ranges of every kind of overlap, read in another order than they were added.
TEST(LiveBytes, GivesOldBytesForAnyRangesThatOverlap) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string memory(40, ' ');
    for (char& c : memory) c = static_cast<char>('a' + random() % 26);
    const std::string old = memory;
    LiveBytes live;
    std::vector<std::pair<std::size_t, std::size_t>> ranges(1 + random() % 6);
    std::vector<bool> covered(memory.size());
    for (auto& [offset, size] : ranges) {
      offset = random() % memory.size();
      size = random() % (memory.size() - offset + 1);
      live.add(bytes_of(memory, offset, size));
      std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(offset), size, true);
    }
    std::shuffle(ranges.begin(), ranges.end(), random);
    const std::size_t keep_before = random() % (ranges.size() + 1);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (i == keep_before) {
        const auto most = static_cast<std::size_t>(std::ranges::count(covered, true));
        const std::size_t kept = live.keep();
        EXPECT_TRUE(i == 0 ? kept == most : kept <= most) << kept << " of " << most;
        change(memory);
      }
      const auto [offset, size] = ranges[i];
      EXPECT_EQ(read_all(live, bytes_of(memory, offset, size), 1 + random() % 9),
                old.substr(offset, size));
    }
    EXPECT_EQ(live.keep(), 0U) << "all was read";
    EXPECT_EQ(live.bytes_held(), 0U);
  }
}

TEST(LiveBytes, KeepsOwnersUntilTheirLastByteIsRead) {
  auto owner = std::make_shared<std::string>("abcdef");
  const std::weak_ptr<std::string> watch = owner;
  const auto range = bytes_of(*owner);
  LiveBytes live;
  live.add(range, std::move(owner));
  live.read(range.first(3));
  live.keep();
  EXPECT_FALSE(watch.expired()) << "the address must not come again for other memory";
  EXPECT_EQ(text_of(live.read(range.subspan(3))), "def");
  EXPECT_TRUE(watch.expired());
}

TEST(LiveBytes, LetsGoOfAllWhenCancelled) {
  auto owner = std::make_shared<std::string>("abcdef");
  const std::weak_ptr<std::string> watch = owner;
  const std::string other = "other";
  LiveBytes live;
  const auto range = bytes_of(*owner);
  live.add(range, std::move(owner));
  live.add(bytes_of(other));
  live.keep();
  live.cancel();
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(live.bytes_held(), 0U);
  EXPECT_EQ(message_of<CancelledError>([&] { live.read(bytes_of(other)); }),
            "Cancelled while memory was being written: its owner has given it up.");
  EXPECT_EQ(live.keep(), 0U);
}

TEST(LiveBytes, TakesNothingMoreOnceItsMemoryMayHaveChanged) {
  const std::string memory = "abc";
  const std::string message =
      "LiveBytes takes no memory after keep() or cancel(). Make a new one for each save.";
  LiveBytes kept;
  kept.keep();
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { kept.add(bytes_of(memory)); }), message);
  LiveBytes cancelled;
  cancelled.cancel();
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { cancelled.add(bytes_of(memory)); }), message);
}

/// Tensors of a model, two of them tied, and what the other thread reads of them.
struct Training {
  std::vector<std::string> tensors;
  std::vector<std::string> old;
  std::vector<std::string> read = {};
  LiveBytes live;
  std::atomic<unsigned> pieces_read = 0;

  explicit Training(std::mt19937& random, std::shared_ptr<ReusedMemory> memory = nullptr)
      : tensors(2 + random() % 6), live(std::move(memory)) {
    for (std::string& tensor : tensors) {
      tensor.resize(random() % 3000);
      for (char& c : tensor) c = static_cast<char>(random());
    }
    old = tensors;
    old.push_back(old.front());
    for (const std::string& tensor : tensors) live.add(bytes_of(tensor));
    live.add(bytes_of(tensors.front()));
  }

  void read_in_pieces(unsigned seed) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i <= tensors.size(); ++i) {
      auto rest = bytes_of(tensors[i % tensors.size()]);
      std::string& out = read.emplace_back();
      while (!rest.empty()) {
        const auto piece = rest.first(std::min<std::size_t>(1 + random() % 400, rest.size()));
        out += text_of(live.read(piece));
        rest = rest.subspan(piece.size());
        ++pieces_read;
        pieces_read.notify_one();
      }
    }
    pieces_read = ~0U;
    pieces_read.notify_one();
  }

  void wait_for_pieces(unsigned count) {
    for (unsigned now = pieces_read; now < count; now = pieces_read) pieces_read.wait(now);
  }
};

TEST(LiveBytes, GivesOldBytesWhileTheOwnerChangesThemInAnotherThread) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Training training(random);
    std::jthread reader([&] { training.read_in_pieces(seed); });
    training.wait_for_pieces(random() % 40);
    for (int step = 0; step < 3; ++step) {
      training.live.keep();
      for (std::string& tensor : training.tensors) change(tensor);
    }
    reader.join();
    EXPECT_EQ(training.read, training.old);
    EXPECT_EQ(training.live.bytes_held(), 0U);
  }
}

TEST(LiveBytes, GivesOldBytesWhereAThirdThreadCopiesAhead) {
  const auto memory = std::make_shared<ReusedMemory>();
  std::size_t ahead_in_all = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Training training(random, memory);
    std::atomic<std::size_t> ahead = 0;
    std::jthread reader([&] { training.read_in_pieces(seed); });
    std::jthread copier([&, limit = 1 + random() % 400] {
      while (const std::size_t copied = training.live.keep_ahead(limit)) ahead += copied;
    });
    training.wait_for_pieces(random() % 40);
    const std::size_t at_the_step = training.live.keep();
    for (std::string& tensor : training.tensors) change(tensor);
    reader.join();
    copier.join();
    EXPECT_EQ(training.read, training.old);
    EXPECT_EQ(training.live.bytes_kept(), ahead + at_the_step);
    EXPECT_EQ(training.live.bytes_held(), 0U);
    ahead_in_all += ahead;
    if (seed % 7 == 0) memory->trim();
  }
  EXPECT_GT(ahead_in_all, 0U);
}

TEST(LiveBytes, EndsAReaderInAnotherThreadWhenCancelled) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Training training(random);
    bool cancelled = false;
    std::jthread reader([&] {
      try {
        training.read_in_pieces(seed);
        for (;;) training.live.read({});
      } catch (const CancelledError&) {
        cancelled = true;
      }
    });
    training.wait_for_pieces(random() % 40);
    training.live.cancel();
    for (std::string& tensor : training.tensors) change(tensor);
    reader.join();
    EXPECT_TRUE(cancelled);
  }
}

}  // namespace
}  // namespace torchhub
