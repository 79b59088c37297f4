#pragma once

#include "server/repos/quota.h"
#include "server/repos/repo_store.h"
#include "server/store/event_log.h"
#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// An LFS object that a repository may give out.
struct LinkedObject {
  LfsPointer pointer;
  TimePoint linked = {};
};

/// Which LFS objects each repository may give out. Safe from several threads.
class RepoObjects {
 public:
  /// @param quotas what link() and link_all() must keep to
  RepoObjects(Database& database, const Clock& clock, const Quotas& quotas = {})
      : database_(database), clock_(clock), quotas_(quotas) {}

  /// All of them or none. One that came for a pull request is the repository's own from now on.
  /// @throws ApiError 413 if they would be past a quota
  void link(const std::string& repo_id, const std::vector<LfsPointer>& objects);
  /// The same without linking: before bytes travel for nothing. @throws ApiError 413
  void need_room(const std::string& repo_id, const std::vector<LfsPointer>& objects) const;
  bool has_quotas() const { return !quotas_.none(); }
  QuotaRoom room(const std::string& repo_id) const;
  /// Everything that `from` has, for `to` as well. @throws ApiError 413 past a quota
  void link_all(const std::string& from, const std::string& to);
  void unlink(const std::string& repo_id, const std::vector<std::string>& oids,
              const std::optional<NewEvent>& event = std::nullopt);
  bool is_linked(const std::string& repo_id, std::string_view oid) const;
  /// Linked, and not only for a pull request of who may only read.
  bool is_own(const std::string& repo_id, std::string_view oid) const;
  /// The size of an object of the repository.
  std::optional<std::uint64_t> linked_size(const std::string& repo_id, std::string_view oid) const;
  /// Every object of the repository: oid and size.
  std::vector<LfsPointer> objects(const std::string& repo_id) const;
  std::vector<LinkedObject> linked_objects(const std::string& repo_id) const;
  /// Of all its objects.
  std::uint64_t used_bytes(const std::string& repo_id) const;
  /// Repositories that have the object.
  std::vector<RepoRow> holders(std::string_view oid) const;

 private:
  Database& database_;
  const Clock& clock_;
  Quotas quotas_;
};

}  // namespace torchhub::server
