#pragma once

#include "torchhub/safetensors/error.h"
#include "torchhub/safetensors/weight_names.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Weights spread over several files ("shards"), and the JSON index that says which tensor is
/// where.
namespace torchhub::safetensors {

/// `model.safetensors.index.json`.
struct ShardIndex {
  std::uint64_t total_size = 0;                                  ///< Bytes of all tensors.
  std::optional<std::uint64_t> total_parameters = std::nullopt;  ///< Written since transformers 5.
  std::map<std::string, std::string> weight_map = {};  ///< Tensor -> file beside the index.

  /// The distinct files, sorted.
  std::vector<std::string> files() const;
};

/// Refuses file names that leave the index's folder.
/// @param source the index's name for messages @throws SafetensorsError (bad_index)
ShardIndex parse_shard_index(const std::string& text, const std::string& source);

/// Two blanks a level, sorted keys, a line end: as Python writes it.
std::string encode_shard_index(const ShardIndex& index);

/// A tensor to be placed, in the order of the state dict.
struct SizedTensor {
  std::string name;
  std::uint64_t bytes = 0;
  /// Equal numbers stay in one shard and count once: tensors over one storage.
  std::optional<std::uint64_t> storage = std::nullopt;
};

/// Which tensors go into which file. Names are in the order in which they were given.
struct Shard {
  std::string file;
  std::vector<std::string> tensors = {};
};

struct ShardPlan {
  std::vector<Shard> shards = {};  ///< At least one.
  std::uint64_t total_size = 0;    ///< Bytes, each storage once.

  bool is_sharded() const { return shards.size() > 1; }
  /// For the files of this plan. @param total_parameters elements of all tensors
  ShardIndex index(std::optional<std::uint64_t> total_parameters = std::nullopt) const;
};

/// Walks the tensors in order and starts a new shard where one would grow beyond the limit; a
/// tensor that is larger gets a shard of its own (huggingface_hub 1.23
/// `split_state_dict_into_shards_factory`).
/// @param max_shard_bytes > 0
/// @throws InvalidArgumentError for double names or a limit of 0
ShardPlan plan_shards(std::span<const SizedTensor> tensors, std::uint64_t max_shard_bytes,
                      const WeightNames& names = {});

}  // namespace torchhub::safetensors
