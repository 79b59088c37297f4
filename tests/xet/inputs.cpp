#include "xet/inputs.h"

#include "support/golden.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <sstream>

namespace torchhub::testing {
namespace {

std::string xorshift32(std::uint32_t state, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    out += static_cast<char>(state & 255U);
  }
  return out;
}

/// Numbers that lie as weights do, as little-endian float32: the sum of four evenly spread ones.
std::string f32(std::uint64_t seed, std::size_t count) {
  const std::string words = splitmix64(seed, count * 8);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t part[4];
    std::memcpy(part, words.data() + 8 * i, sizeof part);
    const auto value =
        static_cast<float>((part[0] + part[1] + part[2] + part[3] - 131070) / 4194304.0);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof bytes);
  }
  return out;
}

std::string bf16(std::uint64_t seed, std::size_t count) {
  const std::string whole = f32(seed, count);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.append(whole, 4 * i + 2, 2);
  return out;
}

std::string counted_lines(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += fmt::format("line {} of the counter file\n", i);
  out.resize(size);
  return out;
}

std::string changed(std::string bytes, const std::function<void(std::string&)>& change) {
  change(bytes);
  return bytes;
}

std::string four_megabytes() { return splitmix64(3, 4194304); }

using Maker = std::function<std::string()>;

const std::map<std::string, Maker, std::less<>>& makers() {
  static const std::map<std::string, Maker, std::less<>> kMakers = {
      {"empty", [] { return std::string(); }},
      {"one-byte", [] { return std::string("a"); }},
      {"hello", [] { return std::string("hello world"); }},
      {"sm2-8191", [] { return splitmix64(2, 8191); }},
      {"sm2-8192", [] { return splitmix64(2, 8192); }},
      {"sm2-8193", [] { return splitmix64(2, 8193); }},
      {"zero-131071", [] { return std::string(131071, '\0'); }},
      {"zero-131072", [] { return std::string(131072, '\0'); }},
      {"zero-131073", [] { return std::string(131073, '\0'); }},
      {"zero-1M", [] { return std::string(1048576, '\0'); }},
      {"const59-1e6", [] { return std::string(1'000'000, ';'); }},
      {"sm0-1e6", [] { return splitmix64(0, 1'000'000); }},
      {"sm1-256000", [] { return splitmix64(1, 256'000); }},
      {"text-1e6", [] { return counted_lines(1'000'000); }},
      {"f32-1M", [] { return f32(10, 1048576); }},
      {"bf16-1M", [] { return bf16(11, 1048576); }},
      {"sm3-4M", four_megabytes},
      {"sm3-4M-insert",
       [] {
         return changed(four_megabytes(),
                        [](std::string& all) { all.insert(1000003, splitmix64(4, 100)); });
       }},
      {"sm3-4M-poke",
       [] {
         return changed(four_megabytes(), [](std::string& all) {
           all[3'000'000] = static_cast<char>(~all[3'000'000]);
         });
       }},
      {"sm3-4M-append", [] { return four_megabytes() + splitmix64(5, 300'000); }},
      {"xorshift-3M", [] { return xorshift32(0x9E3779B9, 3145728); }},
      {"sm6-70M", [] { return splitmix64(6, 73400320); }},
      {"mix-text", [] { return counted_lines(20000); }},
      {"mix-bf16", [] { return bf16(21, 10000); }},
      {"mix-f32", [] { return f32(22, 5000); }},
      {"mix-rand", [] { return splitmix64(23, 6001); }},
      {"mix-zero", [] { return std::string(5003, '\0'); }},
  };
  return kMakers;
}

/// Found by the makers of the table: it has matches of the rolling hash close to each other.
constexpr unsigned char kPattern[] = {
    154, 52,  42,  34,  159, 75,  126, 224, 70,  236, 12,  196, 79,  236, 178, 124, 127, 50,  99,
    178, 44,  176, 174, 126, 250, 235, 205, 174, 252, 122, 35,  10,  20,  101, 214, 69,  193, 8,
    115, 105, 158, 228, 120, 111, 136, 162, 198, 251, 211, 183, 253, 252, 164, 147, 63,  16,  186,
    162, 117, 23,  170, 36,  205, 187, 174, 76,  210, 174, 211, 175, 12,  173, 145, 59,  2,   70,
    222, 181, 159, 227, 182, 156, 189, 51,  226, 106, 24,  50,  183, 157, 140, 10,  8,   23,  212,
    70,  10,  234, 23,  33,  219, 254, 39,  236, 70,  49,  191, 116, 9,   115, 15,  101, 26,  159,
    165, 220, 15,  170, 56,  125, 92,  163, 94,  235, 38,  40,  49,  81};

}  // namespace

std::string splitmix64(std::uint64_t seed, std::size_t size) {
  std::string out((size + 7) / 8 * 8, '\0');
  for (std::size_t at = 0; at < out.size(); at += 8) {
    seed += 0x9E3779B97F4A7C15U;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    std::memcpy(out.data() + at, &z, 8);
  }
  out.resize(size);
  return out;
}

std::string xet_input(std::string_view name) {
  const auto found = makers().find(name);
  EXPECT_NE(found, makers().end()) << name;
  return found == makers().end() ? std::string() : found->second();
}

std::string xet_pattern(std::size_t padding) {
  constexpr std::size_t kSize = 65536;
  std::string unit(reinterpret_cast<const char*>(kPattern), sizeof kPattern);
  unit.append(padding, '\0');
  std::string out;
  while (out.size() < kSize) out += unit;
  out.resize(kSize);
  return out;
}

std::vector<std::vector<std::string>> golden_rows(const std::string& name) {
  std::istringstream lines(golden(name));
  std::vector<std::vector<std::string>> out;
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) {
    std::istringstream cells(line);
    out.emplace_back();
    for (std::string cell; std::getline(cells, cell, '\t');) out.back().push_back(cell);
  }
  return out;
}

xet::Hash hash_of(std::string_view text) {
  const auto hash = xet::Hash::parse(text);
  EXPECT_TRUE(hash) << text;
  return hash.value_or(xet::Hash{});
}

std::vector<xet::Hash> hashes_of(const std::vector<xet::ChunkId>& chunks) {
  std::vector<xet::Hash> out;
  for (const xet::ChunkId& chunk : chunks) out.push_back(chunk.hash);
  return out;
}

}  // namespace torchhub::testing
