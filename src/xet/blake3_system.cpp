#include "torchhub/xet/blake3.h"

#include <blake3.h>
#include <cstdint>
#include <cstring>

namespace torchhub::xet {

struct Blake3::Impl {
  blake3_hasher hasher;
};

Blake3::Blake3() : impl_(std::make_unique<Impl>()) { blake3_hasher_init(&impl_->hasher); }

Blake3::Blake3(const Key& key) : impl_(std::make_unique<Impl>()) {
  std::uint8_t bytes[BLAKE3_KEY_LEN];
  std::memcpy(bytes, key.data(), sizeof bytes);
  blake3_hasher_init_keyed(&impl_->hasher, bytes);
}

Blake3::~Blake3() = default;
Blake3::Blake3(Blake3&&) noexcept = default;
Blake3& Blake3::operator=(Blake3&&) noexcept = default;

void Blake3::update(std::span<const std::byte> bytes) {
  blake3_hasher_update(&impl_->hasher, bytes.data(), bytes.size());
}

Blake3::Output Blake3::output() const {
  Output out;
  blake3_hasher_finalize(&impl_->hasher, reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  return out;
}

}  // namespace torchhub::xet
