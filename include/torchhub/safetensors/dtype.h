#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::safetensors {

/// Element types, spelled as in the file and ordered as in safetensors 0.8: a writer puts the
/// greatest first.
enum class Dtype {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
};

/// All of them, in order.
std::span<const Dtype> all_dtypes();

/// "F32".
std::string_view to_string(Dtype dtype);

/// Nothing for an unknown word.
std::optional<Dtype> find_dtype(std::string_view word);

/// Size of one element in bits: 4, 6, 8, 16, 32 or 64.
std::size_t bits(Dtype dtype);

/// Bits that a tensor takes; nothing if the count overflows 64 bits. Sizes must not be negative.
std::optional<std::uint64_t> bit_count(Dtype dtype, std::span<const std::int64_t> shape);

/// Bytes that a tensor takes; nothing on overflow, for a negative size, or if packed elements do
/// not end at a byte's end.
std::optional<std::uint64_t> byte_count(Dtype dtype, std::span<const std::int64_t> shape);

}  // namespace torchhub::safetensors
