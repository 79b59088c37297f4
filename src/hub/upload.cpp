#include "hub/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Never uploaded (huggingface_hub v1.23 DEFAULT_IGNORE_PATTERNS).
const PathFilter& always_left_out() {
  static const PathFilter filter{.ignore = {".git", ".git/*", "*/.git", "**/.git/**",
                                            ".cache/huggingface", ".cache/huggingface/*",
                                            "*/.cache/huggingface", "**/.cache/huggingface/**"}};
  return filter;
}

/// Paths relative to the folder, with `/`, sorted.
std::vector<std::string> files_below(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not a folder. Give the folder whose files are to be uploaded.", folder.string()));
  }
  std::vector<std::string> paths;
  auto walk = fs::recursive_directory_iterator(folder, error);
  for (const auto& end = fs::recursive_directory_iterator(); !error && walk != end;
       walk.increment(error)) {
    if (walk->is_regular_file()) {
      paths.push_back(walk->path().lexically_relative(folder).generic_string());
    }
  }
  if (error) throw_file_error("list", folder, error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string joined(std::string_view folder, const std::string& path) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return folder.empty() || folder == "." ? path : std::string(folder) + "/" + path;
}

CommitOptions options_of(const UploadOptions& options, std::string message) {
  return {.commit_message = options.commit_message.value_or(std::move(message)),
          .commit_description = options.commit_description,
          .revision = options.revision,
          .parent_commit = options.parent_commit,
          .create_pr = options.create_pr,
          .progress = options.progress};
}

}  // namespace

CommitInfo HubClient::upload_file(const Repo& repo, const CommitOperationAdd& file,
                                  const UploadOptions& options, std::stop_token stop) const {
  return create_commit(
      repo, {file}, options_of(options, fmt::format("Upload {} with torchhub", file.path_in_repo)),
      std::move(stop));
}

CommitInfo HubClient::delete_file(const Repo& repo, const std::string& path_in_repo,
                                  const UploadOptions& options, std::stop_token stop) const {
  return create_commit(repo, {CommitOperationDelete{.path_in_repo = path_in_repo}},
                       options_of(options, fmt::format("Delete {} with torchhub", path_in_repo)),
                       std::move(stop));
}

CommitInfo HubClient::delete_folder(const Repo& repo, const std::string& path,
                                    const UploadOptions& options, std::stop_token stop) const {
  const std::string folder = path.ends_with('/') ? path : path + "/";
  return create_commit(repo, {CommitOperationDelete{.path_in_repo = folder}},
                       options_of(options, fmt::format("Delete folder {} with torchhub", folder)),
                       std::move(stop));
}

CommitInfo HubClient::upload_folder(const Repo& repo, const fs::path& folder,
                                    const UploadFolderOptions& options,
                                    std::stop_token stop) const {
  std::vector<CommitOperation> operations;
  std::set<std::string> added;
  for (const std::string& path : files_below(folder)) {
    if (!always_left_out().takes(path) || !options.filter.takes(path)) continue;
    std::string target = joined(options.path_in_repo, path);
    added.insert(target);
    operations.emplace_back(CommitOperationAdd::from_file(std::move(target), folder / path));
  }
  if (!options.delete_patterns.empty()) {
    const PathFilter doomed{.allow = options.delete_patterns};
    const std::string prefix = joined(options.path_in_repo, "");
    std::vector<CommitOperation> deletions;
    for (const RepoTreeEntry& entry : list_repo_tree(repo, options.revision, "", true, stop)) {
      const bool is_below = entry.path.starts_with(prefix);
      if (entry.type != RepoTreeEntry::Type::file || !is_below || added.contains(entry.path) ||
          entry.path == ".gitattributes" || !doomed.takes(entry.path.substr(prefix.size()))) {
        continue;
      }
      deletions.emplace_back(CommitOperationDelete{.path_in_repo = entry.path});
    }
    operations.insert(operations.begin(), deletions.begin(), deletions.end());
  }
  return create_commit(
      repo, operations,
      {.commit_message = options.commit_message.value_or("Upload folder using torchhub"),
       .commit_description = options.commit_description,
       .revision = options.revision,
       .parent_commit = options.parent_commit,
       .create_pr = options.create_pr,
       .progress = options.progress},
      std::move(stop));
}

}  // namespace torchhub
