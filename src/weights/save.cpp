#include "torchhub/weights/save.h"

#include "alias_metadata.h"
#include "staging_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/safetensors/writer.h"
#include "torchhub/weights/dtype.h"
#include "torchhub/weights/host_copies.h"
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
StateDict as_stored(const StateDict& state, DeferredFiles* deferred = nullptr) {
  StateDict stored;
  for (const auto& [name, tensor] : state) {
    dtype_in_file(name, tensor);
    stored.emplace_back(name, deferred != nullptr ? deferred->take(tensor) : on_host(tensor));
  }
  return stored;
}

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

/// Now, on this thread.
DeferredFiles::Writing at_once(const SaveWeightsOptions& options) {
  return {.bytes_now = {}, .stop = options.stop};
}

WrittenFile write(const fs::path& path, const StateDict& stored,
                  const std::map<std::string, std::string>& aliases,
                  const std::map<std::string, std::string>& metadata,
                  const DeferredFiles::Writing& how) {
  safetensors::WriteOptions options{
      .metadata = metadata, .sha256 = how.sha256, .stop = how.stop, .bytes_now = how.bytes_now};
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : stored) {
    views.push_back({.name = name,
                     .dtype = dtype_in_file(name, tensor),
                     .shape = tensor.sizes().vec(),
                     .bytes = bytes_of(tensor)});
    for (const auto& [dropped, kept] : aliases) {
      if (kept == name) options.metadata[fmt::format("{}{}", kAliasPrefix, dropped)] = kept;
    }
  }
  return write_safetensors(path, std::move(views), options);
}

safetensors::ShardPlan plan(const StateDict& stored, const SaveWeightsOptions& options) {
  std::vector<safetensors::SizedTensor> sizes;
  for (const auto& [name, tensor] : stored)
    sizes.push_back({.name = name, .bytes = tensor.nbytes()});
  return safetensors::plan_shards(sizes, options.max_shard_bytes, options.names);
}

/// What each file holds.
std::vector<std::pair<std::string, StateDict>> parts_of(const safetensors::ShardPlan& plan,
                                                        const StateDict& stored) {
  const std::unordered_map<std::string, at::Tensor> by_name(stored.begin(), stored.end());
  std::vector<std::pair<std::string, StateDict>> parts;
  for (const safetensors::Shard& shard : plan.shards) {
    StateDict part;
    for (const std::string& name : shard.tensors) part.emplace_back(name, by_name.at(name));
    parts.emplace_back(shard.file, std::move(part));
  }
  return parts;
}

void write_index(const fs::path& folder, const safetensors::ShardPlan& plan,
                 const SaveWeightsOptions& options) {
  if (!plan.is_sharded()) return;
  write_file_atomically(folder / options.names.index(),
                        safetensors::encode_shard_index(plan.index(options.total_parameters)));
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
  write(path, as_stored(unique.state), unique.aliases, options.metadata, at_once(options));
}

SavedWeights save_weights(const fs::path& folder, const StateDict& state,
                          const SaveWeightsOptions& options) {
  const UniqueTensors unique = unique_tensors(state);
  const StateDict stored = as_stored(unique.state, options.deferred);
  const safetensors::ShardPlan shards = plan(stored, options);
  SavedWeights saved{.aliases = unique.aliases};
  for (const safetensors::Shard& shard : shards.shards) saved.files.push_back(shard.file);
  if (shards.is_sharded()) saved.files.push_back(options.names.index());
  make_folders(folder);
  if (options.deferred != nullptr) {
    for (auto& [file, part] : parts_of(shards, stored)) {
      const fs::path path = folder / file;
      options.deferred->add(path, [path, part = std::move(part), aliases = unique.aliases,
                                   metadata = options.metadata](const DeferredFiles::Writing& how) {
        return write(path, part, aliases, metadata, how);
      });
    }
    write_index(folder, shards, options);
    return saved;
  }
  const StagingFolder staged(folder);
  for (const auto& [file, part] : parts_of(shards, stored)) {
    write(staged.path() / file, part, unique.aliases, options.metadata, at_once(options));
  }
  write_index(staged.path(), shards, options);
  put_in_place(staged, folder, shards, options);
  saved.removed = options.names.stale(files_in(folder), saved.files);
  for (const std::string& name : saved.removed) fs::remove(folder / name);
  return saved;
}

}  // namespace torchhub
