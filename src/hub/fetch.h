#pragma once

#include "hub/api.h"
#include "hub/cache_writer.h"

#include <cstdint>
#include <string>

namespace torchhub {

/// One file to bring into the cache.
struct WantedFile {
  Repo repo;
  std::string commit;
  std::string path;
  std::string etag;
  std::uint64_t size = 0;
  /// Where to get the bytes first; empty: from the file's own address.
  std::string url = {};
  bool force = false;  ///< Even if the blob is there.
};

/// Makes sure that the blob is there, whole and with the right hash, and that the snapshot has the
/// file. @return its place in the snapshot. @throws CorruptDownloadError and as hub_download
std::filesystem::path fetch_into_cache(const HubApi& api, const CacheWriter& writer,
                                       const WantedFile& file, const TransferProgressFn& progress,
                                       std::stop_token stop);

}  // namespace torchhub
