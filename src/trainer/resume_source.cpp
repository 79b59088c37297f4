#include "trainer/resume_source.h"

#include "torchhub/base/log.h"
#include "torchhub/hub/client.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <functional>
#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

fs::path newest_in(const fs::path& output_dir) {
  const std::vector<std::int64_t> steps = complete_checkpoints(output_dir);
  if (steps.empty()) {
    throw CheckpointError(
        fmt::format("There is no complete checkpoint in '{}' to resume from. Train from the start, "
                    "or name a checkpoint.",
                    output_dir.string()));
  }
  return output_dir / checkpoint_name(steps.back());
}

bool is_complete_there(const HubClient& client, const Repo& repo, const std::string& commit,
                       const std::string& folder) {
  bool has_state = false;
  bool is_marked = false;
  for (const RepoTreeEntry& entry : client.list_repo_tree(repo, commit, folder, false)) {
    has_state = has_state || entry.path == folder + "/trainer_state.json";
    is_marked = is_marked || entry.path == folder + "/checkpoint-is-incomplete.txt";
  }
  return has_state && !is_marked;
}

/// The folder inside the repository: last-checkpoint, else the highest complete checkpoint-<n>.
std::string checkpoint_folder_of(const HubClient& client, const Repo& repo,
                                 const std::string& commit) {
  std::set<std::int64_t, std::greater<>> steps;
  for (const RepoTreeEntry& entry : client.list_repo_tree(repo, commit, {}, /*recursive=*/false)) {
    if (entry.type != RepoTreeEntry::Type::directory) continue;
    if (entry.path == "last-checkpoint") return entry.path;
    if (const auto step = checkpoint_step(entry.path)) steps.insert(*step);
  }
  for (const std::int64_t step : steps) {
    std::string folder = checkpoint_name(step);
    if (is_complete_there(client, repo, commit, folder)) return folder;
    log::warning("checkpoint_incomplete", {{"repo", repo.id.str()}, {"folder", folder}});
  }
  throw CheckpointError(
      fmt::format("'{}' holds no complete checkpoint at commit {}: neither last-checkpoint nor "
                  "checkpoint-<n>. It was perhaps pushed with hub_strategy every_save; use "
                  "checkpoint or all_checkpoints.",
                  repo.id.str(), commit));
}

fs::path downloaded(const HubReference& reference, const HubOptions& options) {
  const HubClient client(options);
  const Repo repo{.id = reference.repo};
  const std::string revision = reference.revision.value_or(std::string(kDefaultRevision));
  // A full commit hash needs no question, so a run resumes without a network from what is cached.
  const std::string commit =
      is_commit_hash(revision) ? revision : client.repo_info(repo, revision).sha;
  const std::string folder =
      reference.subfolder ? *reference.subfolder : checkpoint_folder_of(client, repo, commit);
  log::info("resume_download", {{"repo", repo.id.str()}, {"commit", commit}, {"folder", folder}});
  const fs::path snapshot =
      client.snapshot_download(repo, {.revision = commit, .filter = {.allow = {folder + "/*"}}});
  if (!is_complete_checkpoint(snapshot / folder)) {
    throw CheckpointError(fmt::format(
        "'{}' has no complete checkpoint '{}' at commit {}: the folder is missing, "
        "lacks trainer_state.json, or was not saved to its end. Name another checkpoint "
        "or revision of the repository.",
        repo.id.str(), folder, commit));
  }
  return snapshot / folder;
}

/// A text that cannot mean a place on the Hub.
bool names_a_path(const std::string& source) {
  return source.starts_with('/') || source.starts_with('.') || source.starts_with('~');
}

}  // namespace

fs::path resolve_checkpoint(const std::string& source, const fs::path& output_dir,
                            const std::function<HubOptions()>& hub_options) {
  if (source == "last") return newest_in(output_dir);
  const bool is_path = names_a_path(source);
  // What it means must not depend on a folder that happens to be here.
  const bool names_a_revision = !is_path && source.find('@') != std::string::npos;
  if (!names_a_revision && fs::is_directory(source)) return source;
  if (is_path) {
    throw CheckpointError(
        fmt::format("The checkpoint folder '{}' does not exist. Check the path, or resume from "
                    "'last', the newest complete checkpoint in '{}'.",
                    source, output_dir.string()));
  }
  try {
    return downloaded(HubReference::parse(source), hub_options());
  } catch (Error& error) {
    error.add_context(fmt::format("resuming from '{}'", source));
    throw;
  }
}

}  // namespace torchhub
