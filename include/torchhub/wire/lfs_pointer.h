#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// What git holds in place of a large file: the object's SHA-256 and size (git-lfs spec v1).
struct LfsPointer {
  static constexpr std::size_t kMaxBytes = 1024;  ///< A pointer's text is shorter (git-lfs spec).

  std::string oid;  ///< SHA-256, 64 lower-case hex digits.
  std::uint64_t size = 0;

  /// "version https://git-lfs.github.com/spec/v1\noid sha256:…\nsize …\n"
  std::string text() const;
  /// Nothing if `blob` is not a pointer (it must be shorter than kMaxBytes).
  static std::optional<LfsPointer> parse(std::string_view blob);
  bool operator==(const LfsPointer&) const = default;
};

/// 64 lower-case hex digits.
bool is_lfs_oid(std::string_view oid);

}  // namespace torchhub
