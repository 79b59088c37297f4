#pragma once

#include "torchhub/safetensors/weight_names.h"
#include "torchhub/weights/deferred_files.h"
#include "torchhub/weights/state_dict.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

struct SaveWeightsOptions {
  std::uint64_t max_shard_bytes = 50'000'000'000;  ///< Size of one file without its header. > 0.
  safetensors::WeightNames names = {};             ///< model.safetensors and its shards.
  std::map<std::string, std::string> metadata = {{"format", "pt"}};
  std::optional<std::uint64_t> total_parameters =
      std::nullopt;  ///< For the index of a sharded save.
  std::stop_token stop = {};
  /// Puts the writing of the tensors off. The folder is then a fresh one, such as an AtomicFolder:
  /// nothing in it is replaced or removed.
  DeferredFiles* deferred = nullptr;
};

struct SavedWeights {
  std::vector<std::string> files = {};    ///< Names inside the folder, the index included.
  std::vector<std::string> removed = {};  ///< Of an earlier save.
  std::map<std::string, std::string> aliases = {};  ///< Dropped name -> kept name.
};

/// One safetensors file, as Python's `save_file` would write it: any device, any strides. Names
/// that share all of their memory are stored once, under the alphabetically first one; the others
/// go into the metadata as `alias:<name>`.
/// @throws InvalidArgumentError for tensors that share part of their memory or that the format
/// cannot hold; DiskFullError, FileError
void save_safetensors(const std::filesystem::path& path, const StateDict& state,
                      const SaveWeightsOptions& options = {});

/// The same into a folder, in shards if need be. New files get their names only when all are
/// written, and files of an earlier save that a reader might take instead are removed.
/// @throws as save_safetensors(), CancelledError
SavedWeights save_weights(const std::filesystem::path& folder, const StateDict& state,
                          const SaveWeightsOptions& options = {});

}  // namespace torchhub
