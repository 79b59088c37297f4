#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace torchhub::pickle {

/// Element types of torch tensors, by torch's names.
enum class ScalarType {
  uint8,
  int8,
  int16,
  int32,
  int64,
  float16,
  float32,
  float64,
  complex32,
  complex64,
  complex128,
  bool_,
  bfloat16,
  uint16,
  uint32,
  uint64,
  float8_e5m2,
  float8_e4m3fn,
  float8_e5m2fnuz,
  float8_e4m3fnuz,
  float8_e8m0fnu,
};

/// "float32": the name in module torch.
std::string_view to_string(ScalarType type);
/// By that name.
std::optional<ScalarType> find_scalar_type(std::string_view name);
/// Bytes of one element.
std::size_t item_size(ScalarType type);

/// "FloatStorage": the class in module torch; empty for the newer types, which have none.
std::string_view storage_class(ScalarType type);
/// By that name.
std::optional<ScalarType> find_storage_class(std::string_view name);

}  // namespace torchhub::pickle
