#pragma once

#include "torchhub/xet/error.h"
#include "torchhub/xet/hash.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace torchhub::xet {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in memory");

/// Reads a stranger's bytes from front to back.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : left_(bytes) {}

  std::span<const std::byte> left() const { return left_; }
  /// @throws XetError
  std::span<const std::byte> take(std::size_t count) {
    if (count > left_.size()) throw XetError("it ends early");
    const auto out = left_.first(count);
    left_ = left_.subspan(count);
    return out;
  }
  template <typename Number>
  Number number() {
    Number out = 0;
    std::memcpy(&out, take(sizeof out).data(), sizeof out);
    return out;
  }
  Hash hash() {
    Hash out;
    std::memcpy(out.bytes.data(), take(out.bytes.size()).data(), out.bytes.size());
    return out;
  }
  /// Are these the next bytes? Goes behind them if so.
  bool skip_if(std::string_view expected) {
    if (left_.size() < expected.size() ||
        std::memcmp(left_.data(), expected.data(), expected.size()) != 0) {
      return false;
    }
    left_ = left_.subspan(expected.size());
    return true;
  }

 private:
  std::span<const std::byte> left_;
};

/// The other way.
class Appender {
 public:
  explicit Appender(std::vector<std::byte>& out) : out_(out) {}

  Appender& bytes(std::span<const std::byte> bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Appender& text(std::string_view text) { return bytes(std::as_bytes(std::span(text))); }
  Appender& hash(const Hash& hash) { return bytes(hash.bytes); }
  Appender& u32(std::uint32_t number) { return bytes(std::as_bytes(std::span(&number, 1))); }
  Appender& u64(std::uint64_t number) { return bytes(std::as_bytes(std::span(&number, 1))); }
  Appender& zeros(std::size_t count) {
    out_.insert(out_.end(), count, std::byte{0});
    return *this;
  }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace torchhub::xet
