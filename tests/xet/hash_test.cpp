#include "torchhub/xet/hash.h"

#include "support/golden.h"
#include "torchhub/xet/chunker.h"
#include "torchhub/xet/merkle.h"
#include "xet/inputs.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using xet::ChunkId;
using xet::Hash;

const json& merkle_vectors() {
  static const json vectors = json::parse(golden("xet/merkle.json"));
  return vectors;
}

ChunkId leaf(std::size_t i) {
  return {xet::chunk_hash(bytes_of(std::to_string(i))), static_cast<std::uint32_t>(1000 + i)};
}

TEST(Hash, TurnsTheBytesOfEachWordRoundInItsText) {
  const Hash hash = xet::chunk_hash(bytes_of("hello world"));
  EXPECT_EQ(hash.text(), "4e39378b9d359f118190557a1f44130219a54e5fcfa07bd96cf50b466fe651b1");
  EXPECT_EQ(hash.bytes[0], std::byte{0x11});
  EXPECT_EQ(hash.word(0), 0x4e39378b9d359f11U);
  EXPECT_EQ(Hash::parse(hash.text()), hash);
}

TEST(Hash, ReadsNothingButItsText) {
  const std::string text(64, 'a');
  EXPECT_TRUE(Hash::parse(text));
  EXPECT_FALSE(Hash::parse(text + "a"));
  EXPECT_FALSE(Hash::parse(text.substr(1)));
  EXPECT_FALSE(Hash::parse(std::string(64, 'A')));
  EXPECT_FALSE(Hash::parse(text.substr(1) + "g"));
  EXPECT_FALSE(Hash::parse(""));
}

TEST(Hash, IsOrderedAsItsText) {
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < 50; ++i) hashes.push_back(leaf(i).hash);
  std::vector<std::string> texts;
  for (const Hash& hash : hashes) texts.push_back(hash.text());
  std::sort(hashes.begin(), hashes.end());
  std::sort(texts.begin(), texts.end());
  for (std::size_t i = 0; i < hashes.size(); ++i) EXPECT_EQ(hashes[i].text(), texts[i]);
}

TEST(Hash, OfAKeyedChunkIsWhatTheServiceSays) {
  const json vector = merkle_vectors().at("hmac");
  EXPECT_EQ(keyed_chunk_hash(hash_of(vector.at("hash").get<std::string>()),
                             hash_of(vector.at("key").get<std::string>()))
                .text(),
            vector.at("result").get<std::string>());
}

TEST(Hash, OfAChunkSaysWhetherTheServerMayBeAskedForIt) {
  for (const json& vector : merkle_vectors().at("global_dedup_eligible_strings")) {
    const Hash hash = xet::chunk_hash(bytes_of(vector.at("ascii").get<std::string>()));
    EXPECT_EQ(hash.text(), vector.at("chunk_hash").get<std::string>());
    EXPECT_EQ(hash.word(3) % 1024, 0U);
  }
}

TEST(MerkleTree, GroupsByTheHashes) {
  std::vector<ChunkId> leaves;
  for (const json& vector : merkle_vectors().at("sequence_0_to_n_minus_1")) {
    const std::size_t count = vector.at("n");
    SCOPED_TRACE(count);
    while (leaves.size() < count) leaves.push_back(leaf(leaves.size()));
    const Hash root = merkle_root(std::span(leaves).first(count));
    EXPECT_EQ(root.text(), vector.at("xorb").get<std::string>());
    EXPECT_EQ(file_hash(root).text(), vector.at("file").get<std::string>());
    if (count == 0) continue;
    leaves.resize(count);
    EXPECT_EQ(xet::verification_hash(hashes_of(leaves)).text(),
              vector.at("range").get<std::string>());
  }
}

TEST(MerkleTree, GroupsEqualHashes) {
  for (const json& vector : merkle_vectors().at("one_leaf_repeated")) {
    SCOPED_TRACE(vector.dump());
    const std::vector<ChunkId> leaves(vector.at("n").get<std::size_t>(),
                                      leaf(vector.at("leaf_index")));
    EXPECT_EQ(merkle_root(leaves).text(), vector.at("xorb").get<std::string>());
  }
}

}  // namespace
}  // namespace torchhub::testing
