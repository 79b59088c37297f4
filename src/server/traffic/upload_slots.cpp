#include "server/traffic/upload_slots.h"

#include "server/http/api_error.h"

#include <fmt/format.h>

namespace torchhub::server {

UploadSlots::Slot UploadSlots::take(const std::string& user, const std::string& what) {
  if (per_user_ == 0 || user.empty()) return nullptr;
  // Made first: what fails below must leave no place taken, nor a slot that frees one.
  const auto taken = std::make_shared<bool>(false);
  Slot slot(taken.get(), [this, user, what, taken](void*) {
    if (*taken) give_back(user, what);
  });
  const std::lock_guard lock(mutex_);
  const auto mine = under_way_.find(user);
  const bool full = mine != under_way_.end() && mine->second.size() >= per_user_;
  if (full && !mine->second.contains(what)) {
    throw ApiError(429,
                   fmt::format("You are sending {} files already. Send this one when one of them "
                               "is done.",
                               per_user_),
                   {}, {{"Retry-After", "5"}});
  }
  ++under_way_[user][what];
  *taken = true;
  return slot;
}

void UploadSlots::give_back(const std::string& user, const std::string& what) {
  const std::lock_guard lock(mutex_);
  const auto mine = under_way_.find(user);
  const auto one = mine->second.find(what);
  if (--one->second == 0) mine->second.erase(one);
  if (mine->second.empty()) under_way_.erase(mine);
}

}  // namespace torchhub::server
