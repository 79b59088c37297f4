#pragma once

#include "server/repos/quota.h"
#include "server/store/database.h"
#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// Objects that somebody who may only read a repository has sent for a pull request there. They
/// can be read there with the commit that names them, and not before: nobody fills a repository
/// unseen. Until then they last a week. They count against their sender until a branch has them,
/// and against no quota of the repository: nobody uses up what is somebody else's. Safe from
/// several threads and processes.
class LfsOffers {
 public:
  static constexpr std::chrono::hours kLifetime{7 * 24};
  /// What one account may have sent that no branch has, in all repositories together.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{50} << 30;

  /// @param quotas of the repositories that settle() gives objects to
  LfsOffers(Database& database, const Clock& clock, const Quotas& quotas = {})
      : database_(database), clock_(clock), quotas_(quotas) {}

  /// The object is stored; from now on its sender may commit it. @throws ApiError 413 past the
  /// limit
  void add(const std::string& repo_id, const std::string& user, const LfsPointer& object);
  bool has(const std::string& repo_id, const std::string& user, std::string_view oid) const;
  /// Does anybody's offer of it still stand?
  bool has_any(std::string_view oid) const;
  /// Of all that the account has sent and no branch has.
  std::uint64_t bytes_of(const std::string& user) const;
  /// What is too old counts no more. @throws ApiError 413 if `more` bytes would be past the limit
  void need_room(const std::string& user, std::uint64_t more);
  /// The repository gives them out now.
  void accept(const std::string& repo_id, const std::string& user,
              const std::vector<LfsPointer>& objects);
  /// A branch is about to have these: those that count against somebody who sent them for a pull
  /// request count against the repository from now on. @throws ApiError 413 past its quota
  void settle(const std::string& repo_id, const std::vector<LfsPointer>& objects);
  void drop_old();

 private:
  Database& database_;
  const Clock& clock_;
  Quotas quotas_;
};

}  // namespace torchhub::server
