#pragma once

#include <cstddef>
#include <cstdint>

/// Numbers of the zip format (PKWARE APPNOTE 6.3).
namespace torchhub::pickle::zip {

inline constexpr std::uint32_t kHeaderSignature = 0x04034b50;      // before each entry
inline constexpr std::uint32_t kDescriptorSignature = 0x08074b50;  // behind each entry
inline constexpr std::uint32_t kRecordSignature = 0x02014b50;      // in the directory
inline constexpr std::uint32_t kEnd64Signature = 0x06064b50;
inline constexpr std::uint32_t kLocatorSignature = 0x07064b50;
inline constexpr std::uint32_t kEndSignature = 0x06054b50;

inline constexpr std::size_t kHeaderBytes = 30;
inline constexpr std::size_t kRecordBytes = 46;
inline constexpr std::size_t kLocatorBytes = 20;
inline constexpr std::size_t kEndBytes = 22;

inline constexpr std::uint32_t kZip64Tag = 0x0001;  // of an extra field
inline constexpr std::uint64_t kMax32 = 0xFFFFFFFF;

}  // namespace torchhub::pickle::zip
