#pragma once

#include "server/lfs/link_keys.h"
#include "torchhub/base/clock.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace torchhub::server {

enum class LinkUse {
  upload,    ///< PUT of a whole object.
  download,  ///< GET of it.
  verify,    ///< POST: is it there?
  part,      ///< PUT of one part of it.
  complete,  ///< POST: all its parts are there.
  offer,     ///< PUT of an object for a pull request (server/lfs/offers.h).
  offered    ///< POST: is the offer there?
};

/// What a signed link allows: one thing, to do with one object of one repository.
struct LinkGrant {
  LinkUse use = LinkUse::download;
  std::string repo_id = {};
  LfsPointer object = {};
  std::uint64_t chunk_bytes = 0;  ///< Of a part that is not the last; part and complete only.
  std::uint64_t part = 0;         ///< From 1 on; part only.
  /// Who sends or offers it; upload, part, offer and offered only. Links of older servers have none
  /// on an upload.
  std::string user_id = {};
};

/// "upload", "part" and so on: the word in the link.
std::string_view to_string(LinkUse use);

/// Signs links that carry their right in themselves, since upload clients send no token on them.
class LinkSigner {
 public:
  static constexpr std::chrono::hours kLifetime = kLinkLifetime;

  /// Reads the keys, or makes one. @throws FileError, Error if the file holds no whole key
  LinkSigner(const std::filesystem::path& key_file, const Clock& clock);

  /// "/_lfs/part/<repository>/<oid>/3?size=7&chunk=2&expires=1790003600&sig=…"
  std::string link(const LinkGrant& grant) const;
  /// @throws ApiError 403 for a link that is expired or was not made here for this grant
  void check(const LinkGrant& grant, std::string_view expires, std::string_view signature) const;

  /// For other texts than links: hex that only this server can make. The text begins with what it
  /// is, so that it is never taken for something else.
  std::string seal(std::string_view text) const;
  bool is_sealed(std::string_view text, std::string_view seal) const;

 private:
  const Clock& clock_;
  LinkKeys keys_;
};

}  // namespace torchhub::server
