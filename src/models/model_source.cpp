#include "model_source.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"
#include "torchhub/hub/errors.h"
#include "torchhub/models/config.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/weights/load.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace fs = std::filesystem;
namespace {

Repo parsed_repo(const std::string& name) {
  try {
    return {.id = RepoId::parse(name)};
  } catch (InvalidArgumentError& error) {
    error.add_context(fmt::format("'{}' is no folder or file here, and no repo id either", name));
    throw;
  }
}

/// The folder below `snapshots` in a path of the cache.
std::string commit_in(const fs::path& cached_file) {
  bool below_snapshots = false;
  for (const fs::path& part : cached_file) {
    if (below_snapshots && is_commit_hash(part.string())) return part.string();
    below_snapshots = part == "snapshots";
  }
  return "";
}

}  // namespace

ModelSource::ModelSource(const std::string& name_or_path, const PretrainedOptions& options)
    : name_(name_or_path), options_(options) {
  const fs::path path(name_or_path);
  if (fs::is_directory(path)) {
    folder_ = path / options.subfolder;
  } else if (fs::is_regular_file(path)) {
    given_file_ = path;
    folder_ = path.parent_path();
  } else {
    repo_ = parsed_repo(name_or_path);
    hub_.emplace(options.hub ? *options.hub : HubOptions::from_environment());
  }
}

std::optional<fs::path> ModelSource::find(const std::string& file_name) {
  if (repo_) return download(file_name);
  if (fs::is_regular_file(folder_ / file_name)) return folder_ / file_name;
  return std::nullopt;
}

std::optional<fs::path> ModelSource::download(const std::string& file_name) {
  const DownloadOptions how{.revision = commit_hash_.empty() ? options_.revision : commit_hash_,
                            .subfolder = options_.subfolder,
                            .force_download = options_.force_download,
                            .local_files_only = options_.local_files_only};
  try {
    fs::path file = hub_->hub_download(*repo_, file_name, how);
    if (commit_hash_.empty()) commit_hash_ = commit_in(file);
    return file;
  } catch (const RemoteEntryNotFoundError&) {
    return std::nullopt;
  } catch (const LocalEntryNotFoundError&) {  // another name may be in the cache
    unreachable_ = std::current_exception();
    return std::nullopt;
  }
}

void ModelSource::throw_missing(const std::string& what) {
  if (unreachable_) std::rethrow_exception(unreachable_);
  const std::string at = repo_ ? fmt::format(" at revision '{}'", options_.revision) : "";
  throw ConfigError(fmt::format("'{}'{} holds {}", name_, at, what));
}

fs::path ModelSource::config_file() {
  if (given_file_.extension() == ".json") return given_file_;
  if (const auto found = find(kConfigName)) return *found;
  throw_missing(
      "no config.json. Name a folder made by save_pretrained, or a repo of the hub that has one.");
}

fs::path ModelSource::weight_file() {
  if (given_file_.extension() == ".safetensors" || given_file_.extension() == ".bin")
    return given_file_;
  for (const std::string& name : WeightFiles::names_in_folder()) {
    const auto found = find(name);
    if (!found) continue;
    if (repo_ && found->extension() == ".json") download_shards(*found);
    return *found;
  }
  throw_missing(
      "no weights: neither model.safetensors nor pytorch_model.bin, nor an index of either. Save "
      "the model with save_pretrained, or name the folder that has its weights.");
}

void ModelSource::download_shards(const fs::path& index) {
  const auto shards = safetensors::parse_shard_index(read_file(index), index.string());
  for (const std::string& name : shards.files()) {
    if (!find(name)) throw_missing(fmt::format("no '{}', which its index names.", name));
  }
}

nlohmann::ordered_json parsed_config(const fs::path& file) {
  try {
    return parse_python_json(read_file(file));
  } catch (const InvalidArgumentError& error) {
    throw ConfigError(fmt::format("'{}' is not a config: {}", file.string(), error.what()));
  }
}

}  // namespace torchhub
