#include "server/push/working_body.h"

#include <utility>

namespace torchhub::server {

WorkingBody::WorkingBody(Work work, std::string keep_alive, std::stop_token stop)
    : keep_alive_(std::move(keep_alive)),
      thread_([this, work = std::move(work)](const std::stop_token& stopped) {
        work([this](std::string_view bytes) { send(bytes); }, stopped);
        const std::lock_guard lock(mutex_);
        done_ = true;
        news_.notify_one();
      }),
      stop_with_server_(std::move(stop), [this] { thread_.request_stop(); }) {}

void WorkingBody::send(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  pending_ += bytes;
  news_.notify_one();
}

std::size_t WorkingBody::read(std::span<char> room) {
  std::unique_lock lock(mutex_);
  const auto has_news = [this] { return done_ || !pending_.empty(); };
  while (!news_.wait_for(lock, kSilence, has_news)) pending_ = keep_alive_;
  const std::size_t count = pending_.copy(room.data(), room.size());
  pending_.erase(0, count);
  return count;
}

}  // namespace torchhub::server
