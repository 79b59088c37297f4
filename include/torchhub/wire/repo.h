#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

enum class RepoType { model, dataset, space };

/// "model", "dataset", "space": as in JSON bodies.
std::string_view to_string(RepoType type);
/// "models", "datasets", "spaces": as in API paths.
std::string_view plural(RepoType type);
/// "", "datasets/", "spaces/": before the id in web and git paths.
std::string_view url_prefix(RepoType type);
/// @throws InvalidArgumentError that lists the known words
RepoType parse_repo_type(std::string_view word);

/// `owner/name`, or `name` alone for what belongs to the caller (or an old canonical model).
struct RepoId {
  std::string owner = {};
  std::string name;

  /// Rules of huggingface_hub `validate_repo_id`: at most one `/`; letters, digits, `_ - .`; parts
  /// of 1 to 96 characters; no `--`, no `..`; not starting or ending in `.` or `-`, not ending in
  /// `.git`. @throws InvalidArgumentError that says which rule was broken
  static RepoId parse(std::string_view text);

  std::string str() const { return owner.empty() ? name : owner + "/" + name; }
  bool operator==(const RepoId&) const = default;
};

/// What is wrong with an owner's or a repository's name, or nothing.
std::optional<std::string> problem_of_name(std::string_view name);

/// A repository of some type: what most calls are about.
struct Repo {
  RepoId id;
  RepoType type = RepoType::model;

  /// "datasets/ana/reviews": as in web and git paths.
  std::string web_path() const;
  /// "models--ana--bert": the repository's folder in the cache.
  std::string cache_folder() const;
  bool operator==(const Repo&) const = default;
};

/// `main`, the revision that is meant when none is given.
inline constexpr std::string_view kDefaultRevision = "main";

/// 40 lower-case hex digits.
bool is_commit_hash(std::string_view revision);

/// `owner/name[@revision][/subfolder]`, the C++ form of "a checkpoint on the Hub". The last part is
/// a subfolder only if it reads `last-checkpoint` or `checkpoint-<digits>`, since branch names may
/// hold slashes.
struct HubReference {
  RepoId repo;
  std::optional<std::string> revision = std::nullopt;
  std::optional<std::string> subfolder = std::nullopt;

  /// @throws InvalidArgumentError
  static HubReference parse(std::string_view text);
};

}  // namespace torchhub
