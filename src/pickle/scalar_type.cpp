#include "torchhub/pickle/scalar_type.h"

#include <algorithm>
#include <iterator>

namespace torchhub::pickle {
namespace {

struct TypeRow {
  ScalarType type;
  std::string_view name;
  std::size_t size;
  std::string_view storage;
};

constexpr TypeRow kTypeRows[] = {
    {ScalarType::uint8, "uint8", 1, "ByteStorage"},
    {ScalarType::int8, "int8", 1, "CharStorage"},
    {ScalarType::int16, "int16", 2, "ShortStorage"},
    {ScalarType::int32, "int32", 4, "IntStorage"},
    {ScalarType::int64, "int64", 8, "LongStorage"},
    {ScalarType::float16, "float16", 2, "HalfStorage"},
    {ScalarType::float32, "float32", 4, "FloatStorage"},
    {ScalarType::float64, "float64", 8, "DoubleStorage"},
    {ScalarType::complex32, "complex32", 4, ""},
    {ScalarType::complex64, "complex64", 8, "ComplexFloatStorage"},
    {ScalarType::complex128, "complex128", 16, "ComplexDoubleStorage"},
    {ScalarType::bool_, "bool", 1, "BoolStorage"},
    {ScalarType::bfloat16, "bfloat16", 2, "BFloat16Storage"},
    {ScalarType::uint16, "uint16", 2, ""},
    {ScalarType::uint32, "uint32", 4, ""},
    {ScalarType::uint64, "uint64", 8, ""},
    {ScalarType::float8_e5m2, "float8_e5m2", 1, ""},
    {ScalarType::float8_e4m3fn, "float8_e4m3fn", 1, ""},
    {ScalarType::float8_e5m2fnuz, "float8_e5m2fnuz", 1, ""},
    {ScalarType::float8_e4m3fnuz, "float8_e4m3fnuz", 1, ""},
    {ScalarType::float8_e8m0fnu, "float8_e8m0fnu", 1, ""},
};

const TypeRow& row(ScalarType type) { return kTypeRows[static_cast<std::size_t>(type)]; }

std::optional<ScalarType> found_by(std::string_view TypeRow::*column, std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kTypeRows), std::end(kTypeRows),
                   [&](const TypeRow& candidate) { return candidate.*column == name; });
  if (name.empty() || found == std::end(kTypeRows)) return std::nullopt;
  return found->type;
}

}  // namespace

std::string_view to_string(ScalarType type) { return row(type).name; }
std::optional<ScalarType> find_scalar_type(std::string_view name) {
  return found_by(&TypeRow::name, name);
}
std::size_t item_size(ScalarType type) { return row(type).size; }
std::string_view storage_class(ScalarType type) { return row(type).storage; }
std::optional<ScalarType> find_storage_class(std::string_view name) {
  return found_by(&TypeRow::storage, name);
}

}  // namespace torchhub::pickle
