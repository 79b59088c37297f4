#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace torchhub::server {

/// What each user is sending just now. All requests that send one thing, the parts of an object for
/// one, count once: clients send many of these at a time. Safe from several threads.
class UploadSlots {
 public:
  /// Frees the place at its end.
  using Slot = std::shared_ptr<void>;

  /// @param per_user 0: no limit
  explicit UploadSlots(unsigned per_user) : per_user_(per_user) {}

  /// @param user an account's id; empty: nobody knows, and nothing is counted
  /// @throws ApiError 429 with Retry-After if the user sends too many other things. The slots must
  /// end before this does.
  Slot take(const std::string& user, const std::string& what);

 private:
  void give_back(const std::string& user, const std::string& what);

  unsigned per_user_;
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, unsigned>> under_way_ = {};  // guarded by mutex_
};

}  // namespace torchhub::server
