#include "server/git/repository_pool.h"

#include "server/git/repository.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace torchhub::server::git {

struct RepositoryPool::Shelf {
  struct Item {
    std::filesystem::path path;
    RepositoryHandle handle;
  };

  RepositoryHandle take(const std::filesystem::path& path) {
    const std::lock_guard lock(mutex);
    const auto found =
        std::find_if(idle.begin(), idle.end(), [&](const Item& item) { return item.path == path; });
    if (found == idle.end()) return nullptr;
    RepositoryHandle handle = std::move(found->handle);
    idle.erase(found);
    return handle;
  }

  void put(const std::filesystem::path& path, RepositoryHandle handle, std::uint64_t taken_at) {
    constexpr std::size_t kMaxIdle = 32;
    std::optional<Item> oldest;  // closed without the lock
    const std::lock_guard lock(mutex);
    if (taken_at != generation) return;
    idle.push_front({path, std::move(handle)});
    if (idle.size() <= kMaxIdle) return;
    oldest = std::move(idle.back());
    idle.pop_back();
  }

  void forget(const std::filesystem::path& path) {
    const std::lock_guard lock(mutex);
    ++generation;  // those that are out are not kept when they come back
    idle.remove_if([&](const Item& item) { return item.path == path; });
  }

  std::mutex mutex;
  std::list<Item> idle;                       // guarded by mutex; last used first
  std::atomic<std::uint64_t> generation = 0;  // changed under mutex
};

RepositoryPool::RepositoryPool(std::filesystem::path config, Durability durability)
    : config_(std::move(config)), durability_(durability), shelf_(std::make_shared<Shelf>()) {}
RepositoryPool::~RepositoryPool() = default;

Repository RepositoryPool::open(const std::filesystem::path& path) const {
  const std::uint64_t taken_at = shelf_->generation;
  RepositoryHandle handle = shelf_->take(path);
  if (!handle) handle = Repository::open_handle(path, config_);
  const std::weak_ptr<Shelf> home = shelf_;
  const auto come_back = [home, path, taken_at](git_repository* raw) {
    RepositoryHandle back(raw);
    if (const auto shelf = home.lock()) shelf->put(path, std::move(back), taken_at);
  };
  return {std::shared_ptr<git_repository>(handle.release(), come_back), path, config_, durability_};
}

void RepositoryPool::forget(const std::filesystem::path& path) { shelf_->forget(path); }

}  // namespace torchhub::server::git
