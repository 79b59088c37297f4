#pragma once

#include "server/store/repo_guard.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace torchhub::server {

/// One queue a ref: writers of one ref go one after another, others do not wait.
class RefQueue {
 public:
  /// Held until the end of the scope.
  class Turn {
   public:
    explicit Turn(std::shared_ptr<std::mutex> mutex) : mutex_(std::move(mutex)), lock_(*mutex_) {}
    /// As long as the turn lasts, its repository stays where it is.
    void keep(RepoWriters::Hold hold) { hold_ = std::move(hold); }

   private:
    std::shared_ptr<std::mutex> mutex_;
    std::unique_lock<std::mutex> lock_;
    RepoWriters::Hold hold_ = {};
  };

  Turn wait(const std::string& repo_id, const std::string& ref) {
    return Turn(mutex_of(repo_id + "\n" + ref));
  }

 private:
  std::shared_ptr<std::mutex> mutex_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::erase_if(queues_, [](const auto& entry) { return entry.second.expired(); });
    std::shared_ptr<std::mutex> queue = queues_[key].lock();
    if (!queue) queues_[key] = queue = std::make_shared<std::mutex>();
    return queue;
  }

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<std::mutex>> queues_;  // guarded by mutex_
};

}  // namespace torchhub::server
