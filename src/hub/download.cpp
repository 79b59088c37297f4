#include "hub/api.h"
#include "hub/cache_writer.h"
#include "hub/fetch.h"
#include "hub/local_lookup.h"
#include "hub/metadata.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <variant>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// One call of hub_download (hub-protocol 7.2).
class Download {
 public:
  Download(const HubApi& api, const Repo& repo, std::string path, const DownloadOptions& options,
           std::stop_token stop)
      : api_(api),
        repo_(repo),
        path_(std::move(path)),
        options_(options),
        writer_(api.options(), repo),
        stop_(std::move(stop)) {
    // Refuses paths that no repository can have, before anything is asked.
    static_cast<void>(writer_.cache().snapshot_file("x", path_));
    static_cast<void>(writer_.cache().ref(options_.revision));
  }

  fs::path run() {
    const bool pinned = is_commit_hash(options_.revision);
    if (options_.local_files_only || api_.options().offline) {
      if (const auto local = cached()) return *local;
      raise_not_cached(api_, repo_, options_.revision, path_,
                       why_not_asked(options_.local_files_only));
    }
    if (pinned && !options_.force_download) {
      if (const auto local = cached()) return *local;
    }
    const std::variant<FileMetadata, fs::path> answer = ask();
    if (const auto* local = std::get_if<fs::path>(&answer)) return *local;
    const auto& metadata = std::get<FileMetadata>(answer);
    writer_.note_commit(options_.revision, metadata.commit);
    return fetch_into_cache(api_, writer_,
                            {.repo = repo_,
                             .commit = metadata.commit,
                             .path = path_,
                             .etag = metadata.etag,
                             .size = metadata.size,
                             .url = metadata.url,
                             .force = options_.force_download},
                            options_.progress, stop_);
  }

 private:
  std::optional<fs::path> cached() const {
    const CachedFile found =
        try_to_load_from_cache(api_.options().cache_dir, repo_, path_, options_.revision);
    if (found.state != CachedFile::State::present) return std::nullopt;
    return found.path;
  }

  /// What the Hub says of the file, or where the cache has it if the Hub did not answer. The first
  /// try is a single one, so that an unreachable Hub does not hold up those who have the file.
  std::variant<FileMetadata, fs::path> ask() {
    try {
      return ask_once(HubApi::Tries::once, api_.options().etag_timeout);
    } catch (const Error& error) {
      if (!falls_back_to_cache(error)) throw;
      if (auto local = options_.force_download ? std::nullopt : cached()) {
        log::info("hub_not_asked", {{"path", path_}, {"error", error.what()}});
        return *std::move(local);  // not looked up again: others may clear the cache meanwhile
      }
      if (!may_pass_over(error)) throw;
    }
    try {
      return ask_once(HubApi::Tries::with_retries, std::chrono::seconds(60));
    } catch (const Error& error) {
      if (options_.force_download || !may_pass_over(error)) throw;
      raise_not_cached(api_, repo_, options_.revision, path_, could_not_ask(error));
    }
  }

  FileMetadata ask_once(HubApi::Tries tries, std::chrono::milliseconds timeout) {
    try {
      return fetch_metadata(api_, repo_, path_, options_.revision, tries, timeout, stop_);
    } catch (const RemoteEntryNotFoundError& absent) {
      if (is_commit_hash(absent.commit())) {
        writer_.note_absence(absent.commit(), path_);
        writer_.note_commit(options_.revision, absent.commit());
      }
      throw;
    }
  }

  const HubApi& api_;
  const Repo& repo_;
  std::string path_;
  const DownloadOptions& options_;
  CacheWriter writer_;
  std::stop_token stop_;
};

}  // namespace

fs::path HubClient::hub_download(const Repo& repo, const std::string& filename,
                                 const DownloadOptions& options, std::stop_token stop) const {
  std::string path = filename;
  if (!options.subfolder.empty()) path = options.subfolder + "/" + filename;
  return Download(impl_->api, repo, std::move(path), options, std::move(stop)).run();
}

}  // namespace torchhub
