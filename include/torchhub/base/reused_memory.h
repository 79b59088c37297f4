#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace torchhub {

/// Memory for copies that come and go with each save. What is let go stays for the next one: the
/// pages of memory that a process gets anew take several times as long as copying into them. All
/// calls from any thread.
class ReusedMemory {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
  using Block = std::shared_ptr<std::byte[]>;

  ReusedMemory() = default;
  ReusedMemory(const ReusedMemory&) = delete;
  ReusedMemory& operator=(const ReusedMemory&) = delete;

  /// kBlockBytes, which come back when the last pointer to them is gone; they may outlive this.
  /// @throws std::bad_alloc
  Block take();
  /// Frees what has lain idle ever since the call before.
  void trim();
  /// Lies idle now.
  std::size_t bytes_idle() const;

 private:
  struct Store {
    mutable std::mutex mutex = {};
    std::vector<std::unique_ptr<std::byte[]>> idle = {};  // guarded by mutex, as what follows
    std::size_t blocks = 0;      ///< Of idle there is room for all: coming back cannot fail.
    std::size_t least_idle = 0;  ///< Since the last trim().
  };

  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

}  // namespace torchhub
