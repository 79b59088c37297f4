#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace torchhub::server {

/// Counts downloads of repositories, each downloader once in 15 minutes. The counts wait in memory
/// and reach the database in batches: a flush for each download would cost more than the download.
/// A server that is killed forgets the last of them. Safe from several threads.
class DownloadCounter {
 public:
  DownloadCounter(Database& database, const Clock& clock);
  ~DownloadCounter();
  DownloadCounter(const DownloadCounter&) = delete;
  DownloadCounter& operator=(const DownloadCounter&) = delete;

  /// Is the file one whose download means that the repository is used?
  static bool counts(std::string_view path);
  /// @param who anything that tells downloaders apart
  void note(const std::string& repo_id, const std::string& who);
  /// What the database does not have yet.
  std::int64_t waiting(const std::string& repo_id) const;
  /// Failures are logged; the counts wait on.
  void flush();

 private:
  using Time = std::chrono::system_clock::time_point;
  bool is_new(const std::string& key, Time now);

  Database& database_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Time> seen_ = {};   // guarded by mutex_
  std::map<std::string, std::int64_t> waiting_ = {};  // guarded by mutex_
  Time flushed_;                                      // guarded by mutex_
};

}  // namespace torchhub::server
