#include "torchhub/weights/dtype.h"

#include "torchhub/base/error.h"

#include <torch/version.h>

#include <fmt/format.h>

#include <array>

namespace torchhub {
namespace {

using safetensors::Dtype;

struct DtypeName {
  at::ScalarType type;
  std::string_view python;
  std::optional<Dtype> in_file;
};

constexpr auto kDtypes = std::to_array<DtypeName>({
  {at::kFloat, "float32", Dtype::F32}, {at::kDouble, "float64", Dtype::F64},
      {at::kHalf, "float16", Dtype::F16}, {at::kBFloat16, "bfloat16", Dtype::BF16},
      {at::kLong, "int64", Dtype::I64}, {at::kInt, "int32", Dtype::I32},
      {at::kShort, "int16", Dtype::I16}, {at::kChar, "int8", Dtype::I8},
      {at::kByte, "uint8", Dtype::U8}, {at::kBool, "bool", Dtype::BOOL},
      {at::kComplexHalf, "complex32", std::nullopt}, {at::kComplexFloat, "complex64", Dtype::C64},
      {at::kComplexDouble, "complex128", std::nullopt},
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
      {at::kUInt16, "uint16", Dtype::U16}, {at::kUInt32, "uint32", Dtype::U32},
      {at::kUInt64, "uint64", Dtype::U64}, {at::kFloat8_e5m2, "float8_e5m2", Dtype::F8_E5M2},
      {at::kFloat8_e4m3fn, "float8_e4m3fn", Dtype::F8_E4M3},
      {at::kFloat8_e5m2fnuz, "float8_e5m2fnuz", Dtype::F8_E5M2FNUZ},
      {at::kFloat8_e4m3fnuz, "float8_e4m3fnuz", Dtype::F8_E4M3FNUZ},
#endif
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 7)
      {at::kFloat8_e8m0fnu, "float8_e8m0fnu", Dtype::F8_E8M0},
#endif
});

}  // namespace

std::string python_dtype_name(at::ScalarType type) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.type == type) return std::string(dtype.python);
  }
  throw InvalidArgumentError(
      fmt::format("Tensors of type {} have no name in files.", c10::toString(type)));
}

std::optional<at::ScalarType> scalar_type_of_python(std::string_view name) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.python == name) return dtype.type;
  }
  return std::nullopt;
}

std::optional<Dtype> safetensors_dtype(at::ScalarType type) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.type == type) return dtype.in_file;
  }
  return std::nullopt;
}

std::optional<at::ScalarType> scalar_type_of(Dtype in_file) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.in_file == in_file) return dtype.type;
  }
  return std::nullopt;
}

}  // namespace torchhub
