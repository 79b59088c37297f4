#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::safetensors {

/// What the files of one set of weights are called; `{"pytorch_model", ".bin"}` is the other set
/// that Python knows. A variant stands before the last extension.
struct WeightNames {
  std::string stem = "model";
  std::string extension = ".safetensors";
  std::string variant = {};  ///< Such as "fp16"; empty: none.

  /// `model.safetensors`, `model.fp16.safetensors`.
  std::string single() const;
  /// `model-00001-of-00003.safetensors`. @param number from 1 to `count`
  std::string shard(std::size_t number, std::size_t count) const;
  /// `model.safetensors.index.json`, `model.safetensors.index.fp16.json`.
  std::string index() const;
  /// One of these files: the single one, a shard of any count, the index.
  bool owns(std::string_view file_name) const;
  /// Which files of a folder an earlier save left there and this one did not write. Decides;
  /// deletes nothing.
  std::vector<std::string> stale(std::span<const std::string> in_folder,
                                 std::span<const std::string> written) const;
};

}  // namespace torchhub::safetensors
