#include "torchhub/xet/chunker.h"

#include "support/golden.h"
#include "torchhub/base/sha256.h"
#include "xet/gear_table.h"
#include "xet/inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace torchhub::testing {
namespace {

using xet::ChunkId;

std::vector<ChunkId> golden_chunks(const std::string& name) {
  std::istringstream lines(golden("xet/chunks/" + name + ".txt"));
  std::vector<ChunkId> out;
  std::string hash;
  for (std::uint32_t length = 0; lines >> hash >> length;) out.push_back({hash_of(hash), length});
  return out;
}

/// The lengths of chunks, of a file that comes in blocks.
std::vector<std::size_t> cut_in_blocks(std::string_view file, std::size_t block_bytes) {
  std::vector<std::size_t> out;
  xet::Chunker chunker;
  std::size_t open = 0;
  while (!file.empty()) {
    std::string_view block = file.substr(0, block_bytes);
    file.remove_prefix(block.size());
    while (!block.empty()) {
      const auto end = chunker.cut(bytes_of(block));
      open += end.value_or(block.size());
      block.remove_prefix(end.value_or(block.size()));
      if (end) out.push_back(std::exchange(open, 0));
    }
  }
  if (open > 0) out.push_back(open);
  return out;
}

TEST(Chunker, HasTheTableThatEveryClientHas) {
  const std::string_view words(reinterpret_cast<const char*>(xet::kGearTable.data()),
                               sizeof xet::kGearTable);
  EXPECT_EQ(sha256_hex(words), "e1d3936666d7ae7a977c958e9afcc75f90aaca758ce5fbe4ece61dffefe1912c");
}

TEST(Chunker, CutsAsTheReferenceDoes) {
  const auto rows = golden_rows("xet/inputs.tsv");
  ASSERT_EQ(rows.size(), 27U);
  for (const auto& row : rows) {
    const std::string& name = row.at(0);
    SCOPED_TRACE(name);
    const std::string input = xet_input(name);
    EXPECT_EQ(std::to_string(input.size()), row.at(1));
    EXPECT_EQ(sha256_hex(input), row.at(2)) << "the input itself is wrong";
    const std::vector<ChunkId> chunks = xet::chunks_of(bytes_of(input));
    EXPECT_EQ(std::to_string(chunks.size()), row.at(3));
    const xet::Hash root = xet::merkle_root(chunks);
    EXPECT_EQ(root.text(), row.at(4));
    EXPECT_EQ(xet::file_hash(root).text(), row.at(5));
    if (row.at(6) != "-") {
      EXPECT_EQ(xet::verification_hash(hashes_of(chunks)).text(), row.at(6));
    }
    if (name != "sm6-70M") {  // too many to keep here
      EXPECT_EQ(chunks, golden_chunks(name));
    }
  }
}

TEST(Chunker, LooksForNoEndInTheFirst8192Bytes) {
  for (const auto& row : golden_rows("xet/pattern.tsv")) {
    SCOPED_TRACE("padding " + row.at(0));
    const std::string input = xet_pattern(std::stoul(row.at(0)));
    ASSERT_EQ(std::to_string(static_cast<unsigned char>(input[11111])), row.at(1));
    const std::vector<ChunkId> chunks = xet::chunks_of(bytes_of(input));
    EXPECT_EQ(xet::file_hash(xet::merkle_root(chunks)).text(), row.at(2));
    std::string ends;
    std::uint32_t end = 0;
    for (const ChunkId& chunk : chunks) {
      end += chunk.length;
      ends += (ends.empty() ? "" : " ") + std::to_string(end);
    }
    EXPECT_EQ(ends, row.at(3));
  }
}

TEST(Chunker, CutsAlikeWhateverBlocksCome) {
  const std::string input = xet_input("sm0-1e6");
  const std::vector<std::size_t> whole = cut_in_blocks(input, input.size());
  for (const std::size_t block : {1U, 7U, 64U, 8127U, 8128U, 8192U, 65536U, 131072U, 131073U}) {
    EXPECT_EQ(cut_in_blocks(input, block), whole) << block;
  }
}

/// What clients before September 2025 send, and a server must take.
TEST(Chunker, ReferenceListsOfOldClientsAreOfTheseFiles) {
  for (const auto& row : golden_rows("xet/legacy.tsv")) {
    if (row.at(0) == "sm6-70M") continue;
    SCOPED_TRACE(row.at(0));
    const std::string input = xet_input(row.at(0));
    std::vector<ChunkId> chunks;
    std::istringstream lengths(row.at(5));
    std::size_t at = 0;
    for (std::uint32_t length = 0; lengths >> length; at += length) {
      chunks.push_back({xet::chunk_hash(bytes_of(input).subspan(at, length)), length});
    }
    EXPECT_EQ(at, input.size());
    EXPECT_EQ(xet::merkle_root(chunks).text(), row.at(3));
    EXPECT_EQ(xet::file_hash(xet::merkle_root(chunks)).text(), row.at(4));
  }
}

}  // namespace
}  // namespace torchhub::testing
