#include "torchhub/base/reused_memory.h"

#include <algorithm>
#include <utility>

namespace torchhub {

ReusedMemory::Block ReusedMemory::take() {
  std::unique_ptr<std::byte[]> bytes;
  {
    const std::lock_guard lock(store_->mutex);
    if (!store_->idle.empty()) {
      bytes = std::move(store_->idle.back());
      store_->idle.pop_back();
      store_->least_idle = std::min(store_->least_idle, store_->idle.size());
    } else {
      store_->idle.reserve(store_->blocks + 1);
      bytes = std::make_unique_for_overwrite<std::byte[]>(kBlockBytes);
      ++store_->blocks;
    }
  }
  // Whatever fails here, the block has come back.
  return {bytes.release(), [store = store_](std::byte* block) {
            const std::lock_guard lock(store->mutex);
            store->idle.emplace_back(block);
          }};
}

void ReusedMemory::trim() {
  std::vector<std::unique_ptr<std::byte[]>> freed;  // before the lock: it takes a while
  const std::lock_guard lock(store_->mutex);
  for (; store_->least_idle > 0; --store_->least_idle, --store_->blocks) {
    freed.push_back(std::move(store_->idle.back()));
    store_->idle.pop_back();
  }
  store_->least_idle = store_->idle.size();
}

std::size_t ReusedMemory::bytes_idle() const {
  const std::lock_guard lock(store_->mutex);
  return store_->idle.size() * kBlockBytes;
}

}  // namespace torchhub
