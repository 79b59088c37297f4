#include "torchhub/hub/cache.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// ETags come from the network and become file names.
const std::string& checked_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (name.empty() || !plain || name.front() == '.' || name.size() > 200) {
    throw InvalidArgumentError(fmt::format("'{}' cannot be the id of a cached file.", name));
  }
  return name;
}

/// Relative, and without a way out of its folder.
fs::path checked_path(std::string_view path) {
  if (const auto problem = problem_of_repo_path(path)) {
    throw InvalidArgumentError(
        fmt::format("'{}' cannot be a path in a repository: {}.", path, *problem));
  }
  return fs::path(path);
}

}  // namespace

RepoCache::RepoCache(fs::path cache_dir, const Repo& repo)
    : cache_dir_(std::move(cache_dir)), folder_(cache_dir_ / repo.cache_folder()) {}

fs::path RepoCache::blob(std::string_view etag) const {
  return folder_ / "blobs" / checked_name(std::string(etag));
}

fs::path RepoCache::lock(std::string_view etag) const {
  return cache_dir_ / ".locks" / folder_.filename() / (checked_name(std::string(etag)) + ".lock");
}

fs::path RepoCache::snapshot(std::string_view commit) const {
  return folder_ / "snapshots" / checked_name(std::string(commit));
}

fs::path RepoCache::snapshot_file(std::string_view commit, std::string_view path) const {
  return snapshot(commit) / checked_path(path);
}

fs::path RepoCache::no_exist_marker(std::string_view commit, std::string_view path) const {
  return folder_ / ".no_exist" / checked_name(std::string(commit)) / checked_path(path);
}

fs::path RepoCache::ref(std::string_view revision) const {
  return folder_ / "refs" / checked_path(revision);
}

fs::path RepoCache::tree(std::string_view commit) const {
  return folder_ / "trees" / (checked_name(std::string(commit)) + ".json");
}

std::optional<std::string> RepoCache::commit_of(const std::string& revision) const {
  if (is_commit_hash(revision)) return revision;
  const fs::path path = ref(revision);
  std::error_code ignored;  // not there, or nothing to be read: not known
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::string commit = read_file(path);
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back())) != 0) {
    commit.pop_back();
  }
  return is_commit_hash(commit) ? std::optional(commit) : std::nullopt;
}

CachedFile try_to_load_from_cache(const fs::path& cache_dir, const Repo& repo,
                                  const std::string& filename, const std::string& revision) {
  const RepoCache cache(cache_dir, repo);
  const auto commit = cache.commit_of(revision);
  if (!commit) return {};
  std::error_code ignored;  // a broken link counts as absent from the cache
  const fs::path path = cache.snapshot_file(*commit, filename);
  if (fs::is_regular_file(path, ignored)) {
    return {.state = CachedFile::State::present, .path = path};
  }
  if (fs::is_regular_file(cache.no_exist_marker(*commit, filename), ignored)) {
    return {.state = CachedFile::State::absent};
  }
  return {};
}

}  // namespace torchhub
