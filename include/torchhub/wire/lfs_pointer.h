#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// What git holds in place of a large file: the object's SHA-256 and size (git-lfs spec v1).
struct LfsPointer {
  std::string oid;  ///< SHA-256, 64 lower-case hex digits.
  std::uint64_t size = 0;

  /// "version https://git-lfs.github.com/spec/v1\noid sha256:…\nsize …\n"
  std::string text() const;
  /// Nothing if `blob` is not a pointer (pointers are shorter than 1024 bytes).
  static std::optional<LfsPointer> parse(std::string_view blob);
  bool operator==(const LfsPointer&) const = default;
};

/// 64 lower-case hex digits.
bool is_lfs_oid(std::string_view oid);

}  // namespace torchhub
