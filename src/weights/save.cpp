#include "torchhub/weights/save.h"

#include "alias_metadata.h"
#include "staging_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/safetensors/writer.h"
#include "torchhub/weights/dtype.h"
#include "unique_tensors.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace torchhub {
namespace fs = std::filesystem;
namespace {

using safetensors::TensorView;

safetensors::Dtype dtype_in_file(const std::string& name, const at::Tensor& tensor) {
  const auto dtype = safetensors_dtype(tensor.scalar_type());
  if (dtype) return *dtype;
  throw InvalidArgumentError(
      fmt::format("'{}' has type {}, which safetensors files cannot hold. Convert it first.", name,
                  c10::toString(tensor.scalar_type())));
}

/// Row-major on the CPU, as the file holds them; most tensors already are.
StateDict as_stored(const StateDict& state) {
  StateDict stored;
  for (const auto& [name, tensor] : state) {
    dtype_in_file(name, tensor);
    stored.emplace_back(name, tensor.detach().cpu().contiguous());
  }
  return stored;
}

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

void write(const fs::path& path, const StateDict& stored,
           const std::map<std::string, std::string>& aliases, const SaveWeightsOptions& options) {
  safetensors::WriteOptions how{.metadata = options.metadata, .stop = options.stop};
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : stored) {
    views.push_back({.name = name,
                     .dtype = dtype_in_file(name, tensor),
                     .shape = tensor.sizes().vec(),
                     .bytes = bytes_of(tensor)});
    for (const auto& [dropped, kept] : aliases) {
      if (kept == name) how.metadata[fmt::format("{}{}", kAliasPrefix, dropped)] = kept;
    }
  }
  write_safetensors(path, std::move(views), how);
}

safetensors::ShardPlan plan(const StateDict& stored, const SaveWeightsOptions& options) {
  std::vector<safetensors::SizedTensor> sizes;
  for (const auto& [name, tensor] : stored)
    sizes.push_back({.name = name, .bytes = tensor.nbytes()});
  return safetensors::plan_shards(sizes, options.max_shard_bytes, options.names);
}

void write_shards(const fs::path& folder, const safetensors::ShardPlan& plan,
                  const UniqueTensors& unique, const StateDict& stored,
                  const SaveWeightsOptions& options) {
  std::unordered_map<std::string, at::Tensor> by_name(stored.begin(), stored.end());
  for (const safetensors::Shard& shard : plan.shards) {
    StateDict part;
    for (const std::string& name : shard.tensors) part.emplace_back(name, by_name.at(name));
    write(folder / shard.file, part, unique.aliases, options);
  }
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Gives the staged files their names so that a reader finds the old weights or the new ones: an
/// old index goes first where shards of equal names would change under it, the new one comes last.
void put_in_place(const StagingFolder& staged, const fs::path& folder,
                  const safetensors::ShardPlan& plan, const SaveWeightsOptions& options) {
  const std::string index = options.names.index();
  const bool names_collide = plan.is_sharded() && fs::exists(folder / plan.shards.front().file);
  if (names_collide) fs::remove(folder / index);
  for (const safetensors::Shard& shard : plan.shards) staged.release(shard.file, folder);
  if (plan.is_sharded()) staged.release(index, folder);
  sync_folder(folder);
}

}  // namespace

void save_safetensors(const fs::path& path, const StateDict& state,
                      const SaveWeightsOptions& options) {
  const UniqueTensors unique = unique_tensors(state);
  write(path, as_stored(unique.state), unique.aliases, options);
}

SavedWeights save_weights(const fs::path& folder, const StateDict& state,
                          const SaveWeightsOptions& options) {
  const UniqueTensors unique = unique_tensors(state);
  const StateDict stored = as_stored(unique.state);
  const safetensors::ShardPlan shards = plan(stored, options);
  make_folders(folder);
  const StagingFolder staged(folder);
  write_shards(staged.path(), shards, unique, stored, options);
  SavedWeights saved{.aliases = unique.aliases};
  for (const safetensors::Shard& shard : shards.shards) saved.files.push_back(shard.file);
  if (shards.is_sharded()) {
    saved.files.push_back(options.names.index());
    write_file_atomically(staged.path() / options.names.index(),
                          safetensors::encode_shard_index(shards.index(options.total_parameters)));
  }
  put_in_place(staged, folder, shards, options);
  saved.removed = options.names.stale(files_in(folder), saved.files);
  for (const std::string& name : saved.removed) fs::remove(folder / name);
  return saved;
}

}  // namespace torchhub
