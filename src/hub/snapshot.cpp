#include "hub/api.h"
#include "hub/cache_writer.h"
#include "hub/fetch.h"
#include "hub/local_lookup.h"
#include "hub/parallel.h"
#include "hub/tree_cache.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <mutex>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// One call of snapshot_download (hub-protocol 7.7).
class Snapshot {
 public:
  Snapshot(const HubClient& client, const HubApi& api, const Repo& repo,
           const SnapshotOptions& options, std::stop_token stop)
      : client_(client),
        api_(api),
        repo_(repo),
        options_(options),
        writer_(api.options(), repo),
        stop_(std::move(stop)) {
    static_cast<void>(writer_.cache().ref(options_.revision));  // refuses what is no revision
  }

  fs::path run() {
    if (options_.local_files_only || api_.options().offline) {
      return from_cache(why_not_asked(options_.local_files_only));
    }
    // A commit never changes: what is known of it needs no question.
    const auto known = is_commit_hash(options_.revision)
                           ? read_tree_cache(writer_.cache(), options_.revision)
                           : std::nullopt;
    if (known) return bring(options_.revision, *known);
    std::string commit;
    try {
      commit = client_.repo_info(repo_, options_.revision, stop_).sha;
    } catch (const Error& error) {
      if (options_.force_download || !falls_back_to_cache(error)) throw;
      if (!may_pass_over(error) && !cached_commit()) throw;
      log::info("hub_not_asked", {{"repo", repo_.id.str()}, {"error", error.what()}});
      return from_cache(could_not_ask(error));
    }
    if (!is_commit_hash(commit)) {
      throw BadAnswerError(
          fmt::format("{} did not say which commit '{}' of '{}' is. Check that "
                      "HF_ENDPOINT is a Hub.",
                      api_.endpoint(), options_.revision, repo_.id.str()));
    }
    writer_.note_commit(options_.revision, commit);
    return bring(commit, tree_of(commit));
  }

 private:
  fs::path bring(const std::string& commit, const std::vector<RepoTreeEntry>& tree) const {
    fetch_all(commit, wanted(tree));
    fs::path folder = writer_.cache().snapshot(commit);
    make_folders(folder);
    return folder;
  }

  std::optional<std::string> cached_commit() const {
    auto commit = writer_.cache().commit_of(options_.revision);
    std::error_code ignored;  // cannot be read: not there
    if (commit && fs::is_directory(writer_.cache().snapshot(*commit), ignored)) return commit;
    return std::nullopt;
  }

  fs::path from_cache(std::string_view why) const {
    const auto commit = cached_commit();
    if (!commit) raise_not_cached(api_, repo_, options_.revision, "", why);
    if (const auto tree = read_tree_cache(writer_.cache(), *commit)) {
      for (const RepoTreeEntry& entry : wanted(*tree)) check_present(*commit, entry.path);
    }
    return writer_.cache().snapshot(*commit);
  }

  void check_present(const std::string& commit, const std::string& path) const {
    const fs::path place = writer_.cache().snapshot_file(commit, path);
    std::error_code ignored;  // a broken link is a missing file
    if (fs::is_regular_file(place, ignored)) return;
    throw IncompleteSnapshotError(
        fmt::format("The cached snapshot of '{}' at revision '{}' lacks '{}' ({}). Go online and "
                    "download it again, or leave the file out with a filter.",
                    repo_.id.str(), options_.revision, path, place.string()),
        path);
  }

  std::vector<RepoTreeEntry> tree_of(const std::string& commit) const {
    if (auto known = read_tree_cache(writer_.cache(), commit)) return std::move(*known);
    std::vector<RepoTreeEntry> entries = client_.list_repo_tree(repo_, commit, "", true, stop_);
    write_tree_cache(writer_.cache(), commit, entries);
    return entries;
  }

  std::vector<RepoTreeEntry> wanted(std::vector<RepoTreeEntry> entries) const {
    std::erase_if(entries, [this](const RepoTreeEntry& entry) {
      return entry.type != RepoTreeEntry::Type::file || !options_.filter.takes(entry.path);
    });
    return entries;
  }

  /// The tree names each file's hash and size, so no HEAD is needed.
  void fetch_all(const std::string& commit, const std::vector<RepoTreeEntry>& files) const {
    std::mutex mutex;
    TransferProgressFn progress;
    if (options_.progress) {
      progress = [&](const TransferProgress& step) {
        const std::scoped_lock lock(mutex);
        options_.progress(step);
      };
    }
    for_each_in_parallel(files.size(), api_.options().download_workers, stop_,
                         [&](std::size_t i, std::stop_token stop) {
                           fetch_into_cache(api_, writer_,
                                            {.repo = repo_,
                                             .commit = commit,
                                             .path = files[i].path,
                                             .etag = files[i].content_id(),
                                             .size = files[i].size,
                                             .force = options_.force_download},
                                            progress, std::move(stop));
                         });
  }

  const HubClient& client_;
  const HubApi& api_;
  const Repo& repo_;
  const SnapshotOptions& options_;
  CacheWriter writer_;
  std::stop_token stop_;
};

}  // namespace

fs::path HubClient::snapshot_download(const Repo& repo, const SnapshotOptions& options,
                                      std::stop_token stop) const {
  return Snapshot(*this, impl_->api, repo, options, std::move(stop)).run();
}

}  // namespace torchhub
