#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace torchhub::server {

/// What a signed link allows: one method on one object of one repository.
struct LinkGrant {
  std::string method;  ///< PUT, GET or POST (verify).
  std::string repo_id;
  LfsPointer object;
};

/// Signs links that carry their right in themselves, since upload clients send no token on them.
class LinkSigner {
 public:
  static constexpr std::chrono::hours kLifetime{24};

  /// Reads the key, or makes one. @throws FileError, Error if the file holds no whole key
  LinkSigner(const std::filesystem::path& key_file, const Clock& clock);

  /// "size=5&expires=1790003600&sig=…"
  std::string query(const LinkGrant& grant) const;
  /// @throws ApiError 403 for a link that is expired or was not made here for this grant
  void check(const LinkGrant& grant, std::string_view expires, std::string_view signature) const;

 private:
  std::string sign(const LinkGrant& grant, std::string_view expires) const;

  const Clock& clock_;
  std::string key_;
};

}  // namespace torchhub::server
