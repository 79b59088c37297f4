// Which files hold the weights of a model, and what is in them.
#include "alias_metadata.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/weights/dtype.h"
#include "torchhub/weights/load.h"
#include "torchhub/weights/pickle_tensors.h"
#include "weights/file_in_folder.h"

#include <fmt/format.h>

namespace torchhub {
namespace fs = std::filesystem;
namespace {

using Code = SafetensorsError::Code;

bool is_pickle(const fs::path& file) {
  const fs::path extension = file.extension();
  return extension == ".bin" || extension == ".pt" || extension == ".pth";
}

/// The file of a folder that is to be read.
fs::path weights_in(const fs::path& folder) {
  // The absence of the first is an error with its name.
  return weight_file_in(folder).value_or(folder / WeightFiles::names_in_folder().front());
}

/// A pickled tensor under the words of safetensors; its bytes lie elsewhere.
safetensors::TensorInfo info_of(const std::string& name, const pickle::Tensor& tensor) {
  const auto type = scalar_type_of_python(pickle::to_string(tensor.type));
  const auto dtype = type ? safetensors_dtype(*type) : std::nullopt;
  if (!dtype) {
    throw PickleError(fmt::format("'{}' is of type {}, which no model's weights have.", name,
                                  pickle::to_string(tensor.type)));
  }
  return {.name = name, .dtype = *dtype, .shape = tensor.shape};
}

}  // namespace

std::optional<fs::path> weight_file_in(const fs::path& folder) {
  std::error_code error;  // what may not be looked at is not there for us
  for (const std::string& name : WeightFiles::names_in_folder()) {
    if (fs::exists(folder / name, error)) return folder / name;
  }
  return std::nullopt;
}

const std::vector<std::string>& WeightFiles::names_in_folder() {
  static const std::vector<std::string> names{"model.safetensors", "model.safetensors.index.json",
                                              "pytorch_model.bin", "pytorch_model.bin.index.json"};
  return names;
}

WeightFiles::WeightFiles(const fs::path& path) : path_(path) {
  const fs::path file = fs::is_directory(path) ? weights_in(path) : path;
  file.extension() == ".json" ? open_shards(file) : open_single(file);
}

void WeightFiles::open_single(const fs::path& file) {
  const auto& tensors = open(file).tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    names_.push_back(tensors[i].name);
    places_[tensors[i].name] = {.file = 0, .tensor = i};
  }
}

void WeightFiles::open_shards(const fs::path& index_file) {
  const safetensors::ShardIndex index =
      safetensors::parse_shard_index(read_file(index_file), index_file.string());
  for (const std::string& name : index.files()) {
    const auto& tensors = open(index_file.parent_path() / name).tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto listed = index.weight_map.find(tensors[i].name);
      if (listed == index.weight_map.end() || listed->second != name) {
        unlisted_.push_back(tensors[i].name);
        continue;
      }
      names_.push_back(tensors[i].name);
      places_[tensors[i].name] = {.file = files_.size() - 1, .tensor = i};
    }
  }
  for (const auto& [tensor, file] : index.weight_map) {
    if (places_.contains(tensor)) continue;
    throw SafetensorsError(Code::tensor_not_found, index_file.string(), tensor,
                           fmt::format("the index says it is in {}, but it is not", file));
  }
}

const WeightFiles::File& WeightFiles::open(const fs::path& file) {
  files_.push_back(is_pickle(file) ? opened_pickle(file) : opened_safetensors(file));
  bytes_ += fs::file_size(file);
  return files_.back();
}

WeightFiles::File WeightFiles::opened_safetensors(const fs::path& file) {
  const auto opened = std::make_shared<SafetensorsFile>(file);
  const safetensors::Header& header = opened->header();
  for (const auto& [key, kept] : header.metadata) {
    if (key.starts_with(kAliasPrefix)) aliases_[key.substr(kAliasPrefix.size())] = kept;
  }
  return {.name = file.filename().string(),
          .tensors = header.tensors,
          .tensor = [opened](std::size_t i) {
            return tensor_of(*opened, opened->header().tensors[i]);
          }};
}

/// A state dict; what torch.save wraps around one is not looked into.
WeightFiles::File WeightFiles::opened_pickle(const fs::path& file) {
  const auto tree = std::make_shared<pickle::Value>(load_torch_file(file));
  const auto* state = tree->if_is<pickle::Dict>();
  if (state == nullptr) {
    throw PickleError(fmt::format(
        "'{}' holds no state dict. In Python, save it with torch.save(model.state_dict(), path).",
        file.string()));
  }
  File opened{.name = file.filename().string()};
  std::vector<const pickle::Tensor*> tensors;
  for (const auto& [key, value] : state->items) {
    const std::string* name = key.if_is<std::string>();
    const pickle::Tensor* tensor = value.if_is<pickle::Tensor>();
    if (name == nullptr || tensor == nullptr) {
      throw PickleError(fmt::format(
          "'{}' holds something that is no named tensor, so it is no state dict of a model.",
          file.string()));
    }
    opened.tensors.push_back(info_of(*name, *tensor));
    tensors.push_back(tensor);
  }
  opened.tensor = [tree, tensors = std::move(tensors)](std::size_t i) {
    return tensor_of(*tensors[i]);
  };
  return opened;
}

const WeightFiles::Place& WeightFiles::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found != places_.end()) return found->second;
  throw SafetensorsError(Code::tensor_not_found, path_.string(), name, "there is no such tensor");
}

const safetensors::TensorInfo& WeightFiles::info(const std::string& name) const {
  const Place& at = place(name);
  return files_[at.file].tensors[at.tensor];
}

std::string WeightFiles::file_of(const std::string& name) const {
  return files_[place(name).file].name;
}

at::Tensor WeightFiles::tensor(const std::string& name) const {
  const Place& at = place(name);
  return files_[at.file].tensor(at.tensor);
}

}  // namespace torchhub
