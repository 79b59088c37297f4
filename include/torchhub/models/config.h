#pragma once

#include "torchhub/base/error.h"
#include "torchhub/models/field_visitor.h"
#include "torchhub/models/json_object.h"
#include "torchhub/models/options.h"
#include "torchhub/models/push_to_hub.h"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// A config.json that cannot be used: not JSON, a field of the wrong type or value, a `model_type`
/// that nobody registered.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(message), problems_{message} {}
  /// @param what_is_wrong such as "ResnetConfig is not valid"; the problems follow it.
  ConfigError(std::string_view what_is_wrong, std::vector<std::string> problems);
  /// Each fault by itself.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// Which loss a classification head takes.
enum class ProblemType { regression, single_label_classification, multi_label_classification };

/// What every model's config.json shares. A model's own config derives from this, gives each field
/// a default, lists it in fields(), and says in problems() what it does not accept. Keys that
/// nobody declared stay in `extra`, so that loading and saving loses nothing.
struct PretrainedConfig {
  virtual ~PretrainedConfig() = default;

  std::string model_type = {};                  ///< Unset: the one this type is registered under.
  std::vector<std::string> architectures = {};  ///< Class names the weights were saved from.
  std::map<std::int64_t, std::string> id2label = {};  ///< Empty: num_labels() is 2.
  std::map<std::string, std::int64_t> label2id = {};  ///< The other direction.
  std::optional<ProblemType> problem_type = std::nullopt;
  std::string dtype = {};        ///< Of the saved weights: "float32", "bfloat16"; unset: unknown.
  JsonObject extra = {};         ///< Every other key of the file, `transformers_version` included.
  std::string commit_hash = {};  ///< The hub commit it was loaded from. Never written.
  /// The hub repo it was loaded from, which cards name as the base model; empty: a folder, or made
  /// here. Never written.
  std::string name_or_path = {};

  /// The fields of the derived config: `visit("block_type", block_type);` for each.
  virtual void fields(FieldVisitor& visit);
  /// One sentence for each value that cannot be; empty: all is well.
  virtual std::vector<std::string> problems() const;

  std::int64_t num_labels() const;
  /// Makes LABEL_0 .. LABEL_{n-1} if the number of labels changes; keeps the names if not.
  /// @throws ConfigError outside 0 .. 1,000,000
  void set_num_labels(std::int64_t count);

  /// @param where names the config in the message; unset: the class name.
  /// @throws ConfigError that lists problems()
  void validate(std::string_view where = {}) const;

  /// What config.json holds: every declared field, the common ones where they say something,
  /// `extra`.
  nlohmann::ordered_json to_json() const;
  /// The bytes of config.json as Python writes them: sorted keys, two blanks, a line end.
  std::string to_json_string() const;
  /// Replaces the fields that `json` names, keeps the others. @throws ConfigError
  void read_json(const nlohmann::ordered_json& json, std::string_view where);

  /// Writes config.json into `folder`, which is made if missing.
  /// @throws ConfigError if a value is wrong or `folder` is a file; FileError, DiskFullError
  void save_pretrained(const std::filesystem::path& folder) const;
  /// Pushes config.json as one commit: "Upload config", with a card if there is none.
  /// @param repo_id `name` or `owner/name`, made if missing
  /// @throws what save_pretrained() and push_folder() throw
  CommitInfo push_to_hub(const std::string& repo_id, const PushObjectOptions& options = {}) const;
  /// What save_pretrained() checks before it writes. @throws ConfigError
  void check_target(const std::filesystem::path& folder) const;

  /// @throws ConfigError, FileError
  template <std::derived_from<PretrainedConfig> Config>
  static Config from_json_file(const std::filesystem::path& file) {
    Config config;
    config.load_file(file);
    return config;
  }

  /// @param name_or_path a folder or a JSON file that exists here, else a repo id on the hub
  /// @throws ConfigError, and what the hub throws
  template <std::derived_from<PretrainedConfig> Config>
  static Config from_pretrained(const std::string& name_or_path,
                                const PretrainedOptions& options = {}) {
    Config config;
    config.load(name_or_path, options);
    return config;
  }

 protected:
  PretrainedConfig() = default;
  PretrainedConfig(const PretrainedConfig&) = default;
  PretrainedConfig& operator=(const PretrainedConfig&) = default;

 private:
  void load_file(const std::filesystem::path& file);
  void load(const std::string& name_or_path, const PretrainedOptions& options);
};

}  // namespace torchhub
