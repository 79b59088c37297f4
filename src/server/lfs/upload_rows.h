#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// An upload in parts that is not finished. A repository has one for each object.
struct UnfinishedUpload {
  std::string id;  ///< 24 hex digits; names the file in incoming/.
  std::string repo_id;
  LfsPointer object;
  std::uint64_t chunk_bytes = 0;
};

/// What the database knows of them. Safe from several threads.
class UploadRows {
 public:
  UploadRows(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  std::optional<UnfinishedUpload> find(const std::string& repo_id, const LfsPointer& object) const;
  std::vector<UnfinishedUpload> all() const;
  /// Uploads of the object to other repositories of the same owner. Those of other owners are
  /// nobody's business here.
  std::int64_t elsewhere(const std::string& repo_id, std::string_view oid) const;

  /// @throws DatabaseError, is_orphan() if the repository is gone
  void add(const UnfinishedUpload& upload);
  /// Notes that a part is on disk. @return false if the upload was given up
  bool add_part(const std::string& id, std::uint64_t number);
  std::set<std::uint64_t> parts(const std::string& id) const;
  void remove(const std::string& id);

  /// Those that no part came for since a day, and those whose object the repository has by now.
  std::vector<UnfinishedUpload> outdated();

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
