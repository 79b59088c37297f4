#include "hub/fetch.h"

#include "hub/partial_blob.h"
#include "torchhub/base/file_lock.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

bool is_whole(const fs::path& path, std::uint64_t size) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == size && !error;
}

/// The GETs for one file: goes on where the last one broke off, and starts from the file's own
/// address again, because a signed link may have run out meanwhile.
class Fetch {
 public:
  Fetch(const HubApi& api, const WantedFile& file, PartialBlob& blob,
        const TransferProgressFn& progress, std::stop_token stop)
      : api_(api),
        file_(file),
        blob_(blob),
        progress_(progress),
        stop_(std::move(stop)),
        context_(api.context(fmt::format("downloading '{}' of '{}'", file.path, file.repo.id.str()),
                             file.repo, file.commit, file.path)) {}

  void run() {
    const RetryPolicy& policy = api_.options().retry;
    const std::string own_url = api_.resolve_url_of(file_.repo, file_.commit, file_.path);
    std::string url = file_.url.empty() ? own_url : file_.url;
    std::uint64_t farthest = blob_.size();  // a restart is no progress until it gets beyond
    int tries_without_progress = 0;
    while (blob_.size() < file_.size) {
      std::optional<std::chrono::milliseconds> wait;
      const bool last = tries_without_progress >= policy.max_retries;
      try {
        const Response response = get(url);
        if (last || !may_repeat(response, url != own_url)) raise_for_status(response, context_);
        wait = asked_wait(response);
      } catch (const ConnectionError&) {
        if (last && blob_.size() <= farthest) throw;
      }
      if (blob_.size() == file_.size) break;
      tries_without_progress = blob_.size() > farthest ? 0 : tries_without_progress + 1;
      farthest = std::max(farthest, blob_.size());
      if (tries_without_progress > policy.max_retries) break;
      url = own_url;
      pause(wait.value_or(policy.first_wait));
    }
  }

 private:
  /// Follows redirects; the token stays at our origin (HubApi::send).
  Response get(std::string url) {
    constexpr int kMostRedirects = 5;
    for (int redirects = 0;; ++redirects) {
      Response response = get_once(url);
      if (!is_redirect(response)) return response;
      const auto location = response.headers.get("Location");
      if (!location || redirects >= kMostRedirects) api_.raise_redirect(response, context_);
      url = api_.redirect_target(url, *location, context_);
    }
  }

  Response get_once(const std::string& url) {
    Request request{.url = url,
                    .headers = {{"Accept-Encoding", "identity"}},
                    .stall_timeout = api_.options().stall_timeout};
    if (blob_.size() > 0) request.headers.set("Range", fmt::format("bytes={}-", blob_.size()));
    request.on_headers = [this](const Response& head) { check_start(head); };
    request.sink = [this](std::span<const std::byte> bytes) {
      if (blob_.size() + bytes.size() > file_.size) {
        throw CorruptDownloadError(fmt::format(
            "'{}' of '{}' is longer than the {} bytes that {} announced. Nothing was kept; try "
            "again.",
            file_.path, file_.repo.id.str(), file_.size, api_.endpoint()));
      }
      blob_.append(bytes);
      report();
    };
    return api_.send(std::move(request), context_, stop_, HubApi::Tries::once);
  }

  /// 206 must go on where we stopped; 200 starts again.
  void check_start(const Response& head) {
    const std::string range = head.headers.get("Content-Range").value_or("");
    if (head.status == 206 && range.starts_with(fmt::format("bytes {}-", blob_.size()))) return;
    blob_.restart();
    if (head.status == 206) {
      throw BadAnswerError(
          fmt::format("{} sent another part of '{}' than was asked for ({}). Try "
                      "again.",
                      api_.endpoint(), file_.path, range));
    }
  }

  bool may_repeat(const Response& response, bool signed_link) const {
    const int status = response.status;
    if (response.ok() || status == 408 || status == 429 || status >= 500) return true;
    if (status == 416) {  // our part is not a part of it
      blob_.restart();
      return true;
    }
    return signed_link && (status == 401 || status == 403);
  }

  void pause(std::chrono::milliseconds time) {
    if (api_.options().clock->sleep_for(time, stop_)) return;
    throw CancelledError(fmt::format("Cancelled while downloading '{}' of '{}'; nothing was kept.",
                                     file_.path, file_.repo.id.str()));
  }

  void report() const {
    if (!progress_) return;
    progress_({.direction = TransferProgress::Direction::download,
               .path = file_.path,
               .bytes_done = blob_.size(),
               .bytes_total = file_.size});
  }

  const HubApi& api_;
  const WantedFile& file_;
  PartialBlob& blob_;
  const TransferProgressFn& progress_;
  std::stop_token stop_;
  RequestContext context_;
};

void check(const PartialBlob& blob, const std::string& hash, const WantedFile& file,
           const HubApi& api) {
  if (blob.size() == file.size && (hash.empty() || hash == file.etag)) return;
  throw CorruptDownloadError(fmt::format(
      "'{}' of '{}' arrived damaged from {}: {} bytes with the id {}, not {} bytes with "
      "the id {}. Nothing was kept; try again.",
      file.path, file.repo.id.str(), api.endpoint(), blob.size(), hash.empty() ? "unknown" : hash,
      file.size, file.etag));
}

void download(const HubApi& api, const CacheWriter& writer, const WantedFile& file,
              const TransferProgressFn& progress, std::stop_token stop) {
  const fs::path target = writer.cache().blob(file.etag);
  bool adopted = false;
  {
    PartialBlob blob(target, file.etag, file.size, *api.options().clock, stop);
    adopted = blob.size() > 0;
    Fetch(api, file, blob, progress, stop).run();
    const std::string hash = blob.hash();
    if (!adopted || hash == file.etag) {
      check(blob, hash, file, api);
      blob.commit();
      return;
    }
  }
  log::info("partial_download_dropped", {{"path", file.path}});
  PartialBlob blob(target, file.etag, file.size, PartialBlob::fresh);
  Fetch(api, file, blob, progress, stop).run();
  check(blob, blob.hash(), file, api);
  blob.commit();
}

}  // namespace

fs::path fetch_into_cache(const HubApi& api, const CacheWriter& writer, const WantedFile& file,
                          const TransferProgressFn& progress, std::stop_token stop) {
  const RepoCache& cache = writer.cache();
  const fs::path entry = cache.snapshot_file(file.commit, file.path);
  if (!file.force && is_whole(entry, file.size)) return entry;
  // As long as the largest file may take somebody else on a slow line.
  const FileLock lock(cache.lock(file.etag), std::chrono::hours(24), stop);
  if (!file.force && is_whole(entry, file.size)) return entry;
  const bool fresh = file.force || !is_whole(cache.blob(file.etag), file.size);
  if (fresh) download(api, writer, file, progress, stop);
  writer.place(file.commit, file.path, file.etag, fresh);
  return entry;
}

}  // namespace torchhub
