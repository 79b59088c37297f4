#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Numbers that the reader and the writer of shards share.
namespace torchhub::xet {

inline constexpr std::size_t kRecordBytes = 48;
inline constexpr std::size_t kFooterBytes = 200;
inline constexpr std::uint64_t kShardVersion = 2;
inline constexpr std::uint64_t kFooterVersion = 1;

inline constexpr std::uint32_t kHasVerification = std::uint32_t{1} << 31;
inline constexpr std::uint32_t kHasMetadata = std::uint32_t{1} << 30;
inline constexpr std::uint32_t kGlobalChunk = std::uint32_t{1} << 31;

inline constexpr std::string_view kShardTag(
    "HFRepoMetaData\0"
    "\x55\x69\x67\x45\x6a\x7b\x81\x57\x83\xa5\xbd\xd9\x5c\xcd\xd1\x4a\xa9",
    32);
/// The hash in the record that ends a section.
inline constexpr std::byte kEndByte{0xff};

}  // namespace torchhub::xet
