#include "torchhub/safetensors/dtype.h"

#include <algorithm>

namespace torchhub::safetensors {
namespace {

struct Row {
  Dtype dtype;
  std::string_view word;
  std::size_t bits;
};

constexpr Row kRows[] = {
    {Dtype::BOOL, "BOOL", 8},
    {Dtype::F4, "F4", 4},
    {Dtype::F6_E2M3, "F6_E2M3", 6},
    {Dtype::F6_E3M2, "F6_E3M2", 6},
    {Dtype::U8, "U8", 8},
    {Dtype::I8, "I8", 8},
    {Dtype::F8_E5M2, "F8_E5M2", 8},
    {Dtype::F8_E4M3, "F8_E4M3", 8},
    {Dtype::F8_E8M0, "F8_E8M0", 8},
    {Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
    {Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
    {Dtype::I16, "I16", 16},
    {Dtype::U16, "U16", 16},
    {Dtype::F16, "F16", 16},
    {Dtype::BF16, "BF16", 16},
    {Dtype::I32, "I32", 32},
    {Dtype::U32, "U32", 32},
    {Dtype::F32, "F32", 32},
    {Dtype::C64, "C64", 64},
    {Dtype::F64, "F64", 64},
    {Dtype::I64, "I64", 64},
    {Dtype::U64, "U64", 64},
};
constexpr std::size_t kCount = std::size(kRows);

constexpr auto kDtypes = [] {
  std::array<Dtype, kCount> dtypes{};
  for (std::size_t i = 0; i < kCount; ++i) dtypes[i] = kRows[i].dtype;
  return dtypes;
}();

const Row& row(Dtype dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::span<const Dtype> all_dtypes() { return kDtypes; }

std::string_view to_string(Dtype dtype) { return row(dtype).word; }

std::optional<Dtype> find_dtype(std::string_view word) {
  const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                   [&](const Row& candidate) { return candidate.word == word; });
  if (found == std::end(kRows)) return std::nullopt;
  return found->dtype;
}

std::size_t bits(Dtype dtype) { return row(dtype).bits; }

std::optional<std::uint64_t> bit_count(Dtype dtype, std::span<const std::int64_t> shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count)) {
      return std::nullopt;
    }
  }
  if (__builtin_mul_overflow(count, std::uint64_t{bits(dtype)}, &count)) return std::nullopt;
  return count;
}

std::optional<std::uint64_t> byte_count(Dtype dtype, std::span<const std::int64_t> shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
    return std::nullopt;
  }
  const auto count = bit_count(dtype, shape);
  if (!count || *count % 8 != 0) return std::nullopt;
  return *count / 8;
}

}  // namespace torchhub::safetensors
