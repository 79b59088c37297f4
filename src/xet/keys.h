#pragma once

#include "torchhub/xet/blake3.h"
#include "torchhub/xet/hash.h"

#include <string_view>

/// The protocol's fixed keys, in the order of their bytes.
namespace torchhub::xet {

consteval Blake3::Key key_of(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Blake3::Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::byte>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  return key;
}

inline constexpr Blake3::Key kDataKey =
    key_of("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229");
inline constexpr Blake3::Key kNodeKey =
    key_of("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f");
inline constexpr Blake3::Key kVerificationKey =
    key_of("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3");

Hash keyed(const Blake3::Key& key, std::span<const std::byte> message);

}  // namespace torchhub::xet
