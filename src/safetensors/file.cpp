#include "torchhub/safetensors/file.h"

#include <fmt/format.h>

namespace torchhub {

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path,
                                 const SafetensorsOpenOptions& options)
    : mapping_(MappedFile::open(path)) {
  const std::span<const std::byte> all = mapping_->bytes();
  header_ = safetensors::parse_header(all, all.size(), path.string(), {.lenient = options.lenient});
  if (options.read_ahead) mapping_->read_ahead();
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) places_[header_.tensors[i].name] = i;
}

const safetensors::TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &header_.tensors[found->second];
}

const safetensors::TensorInfo& SafetensorsFile::at(std::string_view name) const {
  if (const auto* tensor = find(name)) return *tensor;
  throw SafetensorsError(
      SafetensorsError::Code::tensor_not_found, path().string(), std::string(name),
      fmt::format("it is not among the {} tensors of the file", header_.tensors.size()));
}

std::span<std::byte> SafetensorsFile::bytes(const safetensors::TensorInfo& tensor) const {
  return mapping_->bytes().subspan(header_.data_start + tensor.begin, tensor.end - tensor.begin);
}

}  // namespace torchhub
