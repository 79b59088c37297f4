#pragma once

#include "torchhub/xet/hash.h"
#include "torchhub/xet/merkle.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::testing {

/// Bytes that look random and are the same everywhere: SplitMix64, cut to `size`.
std::string splitmix64(std::uint64_t seed, std::size_t size);

/// The input that tests/golden/xet/inputs.tsv and its companions call by this name.
std::string xet_input(std::string_view name);

/// The repeated pattern of tests/golden/xet/pattern.tsv.
std::string xet_pattern(std::size_t padding);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The lines of a golden table below its head, split at tabs.
std::vector<std::vector<std::string>> golden_rows(const std::string& name);

/// The hash that a golden text stands for; fails the test if it is none.
xet::Hash hash_of(std::string_view text);

/// Only the hashes.
std::vector<xet::Hash> hashes_of(const std::vector<xet::ChunkId>& chunks);

}  // namespace torchhub::testing
