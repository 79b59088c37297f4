#pragma once

#include "torchhub/safetensors/dtype.h"

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// "float32" as config.json and Python's torch say it. @throws InvalidArgumentError for types that
/// have no such name
std::string python_dtype_name(at::ScalarType type);

/// The type of a Python name ("float32", "bfloat16", "int64"). Unset: this LibTorch has none.
std::optional<at::ScalarType> scalar_type_of_python(std::string_view name);

/// How a safetensors file stores this type. Unset: the format has no such type.
std::optional<safetensors::Dtype> safetensors_dtype(at::ScalarType type);

/// The type that holds these numbers. Unset: this LibTorch has none (1.13 knows no unsigned 16 to
/// 64 bit integers and no 8 bit floats).
std::optional<at::ScalarType> scalar_type_of(safetensors::Dtype dtype);

}  // namespace torchhub
