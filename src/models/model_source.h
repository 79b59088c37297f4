#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/models/options.h"

#include <nlohmann/json_fwd.hpp>

#include <exception>
#include <filesystem>
#include <optional>
#include <string>

namespace torchhub {

inline constexpr const char* kConfigName = "config.json";

/// Where the files of one model come from. What exists on this disk wins over a repo of that name.
/// All files of a repo come from one commit: the one that the first of them came from.
class ModelSource {
 public:
  /// @param name_or_path a folder, a file inside one, or a repo id
  /// @throws InvalidArgumentError if it is none of them
  ModelSource(const std::string& name_or_path, const PretrainedOptions& options);

  /// @throws ConfigError if there is no config.json; what HubClient::hub_download throws
  std::filesystem::path config_file();
  /// The weights, in the order of models.md section 2: one file, or an index whose shards are all
  /// here too. @throws ConfigError that names what is missing; what HubClient::hub_download throws
  std::filesystem::path weight_file();
  /// "owner/name", or empty for a folder or file.
  std::string repo_name() const { return repo_ ? repo_->id.str() : std::string(); }
  /// 40 digits once a file came from the hub, else empty.
  const std::string& commit_hash() const { return commit_hash_; }

 private:
  std::optional<std::filesystem::path> find(const std::string& file_name);
  std::optional<std::filesystem::path> download(const std::string& file_name);
  [[noreturn]] void throw_missing(const std::string& what);
  void download_shards(const std::filesystem::path& index);

  std::string name_;
  PretrainedOptions options_;
  std::filesystem::path folder_ = {};      // of a local source
  std::filesystem::path given_file_ = {};  // if the caller named one
  std::optional<Repo> repo_ = std::nullopt;
  std::optional<HubClient> hub_ = std::nullopt;  // set with repo_
  std::string commit_hash_ = {};
  std::exception_ptr unreachable_ = nullptr;  // why the hub could not be asked for a file
};

/// @throws ConfigError if the file is not JSON, FileError if it cannot be read
nlohmann::ordered_json parsed_config(const std::filesystem::path& file);

}  // namespace torchhub
