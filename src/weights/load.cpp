#include "torchhub/weights/load.h"

#include "torchhub/weights/dtype.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace torchhub {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "views of files assume little endian");

using Code = SafetensorsError::Code;

at::ScalarType type_or_throw(const SafetensorsFile& file, const safetensors::TensorInfo& info) {
  const std::optional<at::ScalarType> type = scalar_type_of(info.dtype);
  if (type) return *type;
  throw SafetensorsError(Code::unknown_dtype, file.path().string(), info.name,
                         fmt::format("dtype {} is not supported by LibTorch {}",
                                     safetensors::to_string(info.dtype), TORCH_VERSION));
}

bool is_aligned(const void* address, std::size_t to) {
  return reinterpret_cast<std::uintptr_t>(address) % to == 0;
}

}  // namespace

at::Tensor tensor_of(const SafetensorsFile& file, const safetensors::TensorInfo& info) {
  const auto options = torch::TensorOptions().dtype(type_or_throw(file, info));
  const std::span<std::byte> bytes = file.bytes(info);
  if (bytes.empty()) return torch::empty(info.shape, options);
  if (!is_aligned(bytes.data(), c10::elementSize(c10::typeMetaToScalarType(options.dtype())))) {
    at::Tensor copy = torch::empty(info.shape, options);
    std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
    return copy;
  }
  const auto keep_mapped = [mapping = file.mapping()](void*) {};
  return torch::from_blob(bytes.data(), info.shape, keep_mapped, options);
}

StateDict load_safetensors(const fs::path& path) {
  const SafetensorsFile file(path);
  StateDict state;
  for (const safetensors::TensorInfo& info : file.header().tensors) {
    state.emplace_back(info.name, tensor_of(file, info));
  }
  return state;
}

}  // namespace torchhub
