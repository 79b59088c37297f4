#pragma once

#include "torchhub/safetensors/file.h"
#include "torchhub/weights/state_dict.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// One tensor of an open file, without a copy where its address allows: the tensor keeps the
/// mapping alive, and writing to it changes neither the file nor other readers. On the CPU.
/// @throws SafetensorsError (unknown_dtype) if this LibTorch has no such type
at::Tensor tensor_of(const SafetensorsFile& file, const safetensors::TensorInfo& info);

/// Every tensor of one file, in the order of its bytes. @throws SafetensorsError, FileError
StateDict load_safetensors(const std::filesystem::path& path);

/// The weights of a model: one file, or shards with their index; in safetensors, or pickled by
/// torch.save as older transformers did (read by the restricted reader: nothing in it is
/// run). Every header is checked before the constructor returns. Safe from several threads.
class WeightFiles {
 public:
  /// @param path a file, an index (.json), or a folder that holds one of these: the first of
  /// names_in_folder() @throws SafetensorsError, PickleError, FileError
  explicit WeightFiles(const std::filesystem::path& path);
  /// model.safetensors, model.safetensors.index.json, pytorch_model.bin, its index: in the order in
  /// which Python looks for them.
  static const std::vector<std::string>& names_in_folder();

  /// File by file, in the order of the bytes. Of a sharded set only what its index names.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(const std::string& name) const { return places_.contains(name); }
  /// Tensors of the files that the index does not name.
  const std::vector<std::string>& unlisted() const { return unlisted_; }
  /// @throws SafetensorsError (tensor_not_found)
  const safetensors::TensorInfo& info(const std::string& name) const;
  /// The file's own name, such as "model-00001-of-00002.safetensors".
  std::string file_of(const std::string& name) const;
  /// As tensor_of().
  at::Tensor tensor(const std::string& name) const;

  /// Second names of one tensor, which a save found sharing memory: dropped name -> kept name.
  const std::map<std::string, std::string>& aliases() const { return aliases_; }
  /// Bytes of all files.
  std::uint64_t bytes() const { return bytes_; }
  /// What the constructor was given, for messages.
  const std::filesystem::path& path() const { return path_; }

 private:
  /// Tensors of one open file, and how to get them.
  struct File {
    std::string name;
    std::vector<safetensors::TensorInfo> tensors = {};
    std::function<at::Tensor(std::size_t)> tensor = {};
  };
  struct Place {
    std::size_t file = 0;
    std::size_t tensor = 0;  // index in that file's tensors
  };
  void open_single(const std::filesystem::path& file);
  void open_shards(const std::filesystem::path& index);
  const File& open(const std::filesystem::path& file);
  File opened_safetensors(const std::filesystem::path& file);
  static File opened_pickle(const std::filesystem::path& file);
  const Place& place(const std::string& name) const;

  std::filesystem::path path_;
  std::vector<File> files_ = {};
  std::vector<std::string> names_ = {};
  std::vector<std::string> unlisted_ = {};
  std::map<std::string, Place> places_ = {};
  std::map<std::string, std::string> aliases_ = {};
  std::uint64_t bytes_ = 0;
};

}  // namespace torchhub
