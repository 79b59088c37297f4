#pragma once

#include "server/store/database.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {

/// Bytes of LFS objects; an object counts in each repository that has it, but where somebody else
/// sent it for a pull request that is not merged (server/lfs/offers.h). 0: no limit.
struct Quotas {
  std::uint64_t repository = 0;
  std::uint64_t account = 0;  ///< In all repositories of one user or organisation together.

  bool none() const { return repository == 0 && account == 0; }
};

/// What a repository may still take. Nothing is looked up where there are no quotas.
class QuotaRoom {
 public:
  QuotaRoom(Connection& connection, const std::string& repo_id, const Quotas& quotas);

  /// @return why `bytes` do not fit, which takes none of the room; or nothing
  std::optional<std::string> take(std::uint64_t bytes);

 private:
  struct Limit {
    std::string whose;
    std::uint64_t used = 0;
    std::uint64_t allowed = 0;
  };
  static std::optional<std::string> problem(const Limit& limit, std::uint64_t bytes);

  std::optional<Limit> repository_ = std::nullopt;
  std::optional<Limit> account_ = std::nullopt;
};

/// What of `objects` the repository does not have yet must fit. To call in the transaction that
/// links them, or before bytes travel for nothing. @throws ApiError 413
void need_room(Connection& connection, const std::string& repo_id, const Quotas& quotas,
               const std::vector<LfsPointer>& objects);

/// Of the objects of all repositories of the account.
std::uint64_t used_by_account(Connection& connection, const std::string& account_id);
std::uint64_t used_by_repository(Connection& connection, const std::string& repo_id);

}  // namespace torchhub::server
