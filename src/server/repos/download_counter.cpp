#include "server/repos/download_counter.h"

#include "torchhub/base/log.h"

#include <utility>

namespace torchhub::server {
namespace {

constexpr std::chrono::minutes kOnceIn{15};
constexpr std::chrono::seconds kFlushEvery{10};

}  // namespace

DownloadCounter::DownloadCounter(Database& database, const Clock& clock)
    : database_(database), clock_(clock), flushed_(clock.now()) {}

DownloadCounter::~DownloadCounter() { flush(); }

bool DownloadCounter::counts(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "config.json" || name == "adapter_config.json" || name.ends_with(".safetensors");
}

bool DownloadCounter::is_new(const std::string& key, Time now) {
  constexpr std::size_t kMaxSeen = 100'000;
  if (seen_.size() >= kMaxSeen) {
    std::erase_if(seen_, [&](const auto& entry) { return now - entry.second >= kOnceIn; });
    if (seen_.size() >= kMaxSeen) return false;  // somebody invents names: better too few
  }
  const auto [entry, added] = seen_.try_emplace(key, now);
  // A clock that was set back must not make anybody wait for years.
  if (!added && now - entry->second < kOnceIn && now >= entry->second) return false;
  entry->second = now;
  return true;
}

void DownloadCounter::note(const std::string& repo_id, const std::string& who) {
  bool flush_now = false;
  {
    const Time now = clock_.now();
    const std::lock_guard lock(mutex_);
    if (!is_new(repo_id + "\n" + who, now)) return;
    ++waiting_[repo_id];
    flush_now = now - flushed_ >= kFlushEvery || now < flushed_;
    if (flush_now) flushed_ = now;
  }
  if (flush_now) flush();
}

std::int64_t DownloadCounter::waiting(const std::string& repo_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(repo_id);
  return found == waiting_.end() ? 0 : found->second;
}

void DownloadCounter::flush() {
  std::map<std::string, std::int64_t> counts;
  {
    const std::lock_guard lock(mutex_);
    counts.swap(waiting_);
  }
  if (counts.empty()) return;
  try {
    auto connection = database_.lease();
    WriteTransaction transaction(*connection);
    for (const auto& [id, count] : counts) {
      connection->run("UPDATE repo SET downloads = downloads + ? WHERE id = ?", count, id);
    }
    transaction.commit();
  } catch (const DatabaseError& error) {
    log::warning("downloads_not_counted", {{"error", error.what()}});
    const std::lock_guard lock(mutex_);
    for (const auto& [id, count] : counts) waiting_[id] += count;
  }
}

}  // namespace torchhub::server
