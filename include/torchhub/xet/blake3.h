#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace torchhub::xet {

/// Streaming BLAKE3 with 32 bytes of output. libblake3 where the build found it, else a portable
/// implementation of ours; both give the same. Not safe from several threads at once.
class Blake3 {
 public:
  using Output = std::array<std::byte, 32>;
  using Key = std::array<std::byte, 32>;

  Blake3();
  /// The keyed mode. Not the same as HMAC.
  explicit Blake3(const Key& key);
  ~Blake3();
  Blake3(Blake3&&) noexcept;
  Blake3& operator=(Blake3&&) noexcept;

  void update(std::span<const std::byte> bytes);
  /// Of all bytes so far; more may follow.
  Output output() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub::xet
