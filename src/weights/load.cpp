#include "torchhub/weights/load.h"

#include "alias_metadata.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/safetensors/index.h"
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

WeightFiles::WeightFiles(const fs::path& path) : path_(path) {
  const safetensors::WeightNames names;
  const fs::path single = fs::is_directory(path) ? path / names.single() : path;
  const bool sharded = fs::is_directory(path)
                           ? !fs::exists(single) && fs::exists(path / names.index())
                           : path.extension() == ".json";
  if (sharded) {
    open_shards(fs::is_directory(path) ? path / names.index() : path);
  } else {
    open_single(single);
  }
}

void WeightFiles::open_single(const fs::path& file) {
  files_.emplace_back(file);
  const auto& tensors = files_.back().header().tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    names_.push_back(tensors[i].name);
    places_[tensors[i].name] = {.file = 0, .tensor = i};
  }
  note_aliases(files_.back());
}

void WeightFiles::open_shards(const fs::path& index_file) {
  const safetensors::ShardIndex index =
      safetensors::parse_shard_index(read_file(index_file), index_file.string());
  for (const std::string& name : index.files()) {
    files_.emplace_back(index_file.parent_path() / name);
    const auto& tensors = files_.back().header().tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto listed = index.weight_map.find(tensors[i].name);
      if (listed == index.weight_map.end() || listed->second != name) {
        unlisted_.push_back(tensors[i].name);
        continue;
      }
      names_.push_back(tensors[i].name);
      places_[tensors[i].name] = {.file = files_.size() - 1, .tensor = i};
    }
    note_aliases(files_.back());
  }
  for (const auto& [tensor, file] : index.weight_map) {
    if (places_.contains(tensor)) continue;
    throw SafetensorsError(Code::tensor_not_found, index_file.string(), tensor,
                           fmt::format("the index says it is in {}, but it is not", file));
  }
}

void WeightFiles::note_aliases(const SafetensorsFile& file) {
  bytes_ += fs::file_size(file.path());
  for (const auto& [key, kept] : file.header().metadata) {
    if (key.starts_with(kAliasPrefix)) aliases_[key.substr(kAliasPrefix.size())] = kept;
  }
}

const WeightFiles::Place& WeightFiles::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found != places_.end()) return found->second;
  throw SafetensorsError(Code::tensor_not_found, path_.string(), name, "there is no such tensor");
}

const safetensors::TensorInfo& WeightFiles::info(const std::string& name) const {
  const Place& at = place(name);
  return files_[at.file].header().tensors[at.tensor];
}

std::string WeightFiles::file_of(const std::string& name) const {
  return files_[place(name).file].path().filename().string();
}

at::Tensor WeightFiles::tensor(const std::string& name) const {
  return tensor_of(files_[place(name).file], info(name));
}

}  // namespace torchhub
