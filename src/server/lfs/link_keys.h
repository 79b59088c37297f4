#pragma once

#include "torchhub/base/clock.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace torchhub::server {

/// How long a link is good, and a key after it has signed its last one.
inline constexpr std::chrono::hours kLinkLifetime{24};

/// The keys that links are signed with. `link` signs; `link-until-<seconds>` are keys of before,
/// each good until the last link that it signed has expired. Safe from several threads, and while
/// another process changes the files.
class LinkKeys {
 public:
  struct Key {
    std::string value;
    std::int64_t until = 0;  ///< Seconds since 1970.
  };

  /// Reads the keys, or makes one. @throws FileError, Error if a file holds no whole key
  LinkKeys(std::filesystem::path newest, const Clock& clock);

  /// The one that signs first, then those of before, expired ones included. @throws as above
  std::shared_ptr<const std::vector<Key>> all() const;

 private:
  /// Differs when the files may have changed.
  struct Stamp {
    std::uint64_t newest_file = 0;
    std::int64_t newest_time = 0;
    std::int64_t folder_time = 0;
    bool operator==(const Stamp&) const = default;
    bool is_settled() const;
  };
  Stamp stamp() const;

  std::filesystem::path newest_;
  mutable std::mutex mutex_;
  mutable Stamp stamp_ = {};                                   // guarded by mutex_
  mutable std::shared_ptr<const std::vector<Key>> keys_ = {};  // guarded by mutex_
};

/// From now on a new key signs; links given out before stay good for their time. The server need
/// not be stopped. @throws FileError
void rotate_link_key(const std::filesystem::path& newest, const Clock& clock);

/// The same, but no key of before is left. @throws FileError; then some links may still be good
void revoke_link_keys(const std::filesystem::path& newest);

}  // namespace torchhub::server
