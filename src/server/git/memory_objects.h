#pragma once

#include <git2.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace torchhub::server::git {

/// Objects kept in memory as long as they are few; beyond `limit` bytes, writing passes on to the
/// next backend of the object database.
class MemoryObjects {
 public:
  /// Adds itself to `odb`, which owns it from then on. @param priority above the next backend's
  static MemoryObjects& add_to(git_odb& odb, int priority, std::size_t limit,
                               std::function<void()> before_passing_on);

  std::vector<git_oid> ids() const;
  void forget(const git_oid& oid);
  void clear();

 private:
  struct Backend;
  explicit MemoryObjects(Backend& backend) : backend_(backend) {}
  Backend& backend_;
};

}  // namespace torchhub::server::git
