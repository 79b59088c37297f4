#include "server/lfs/link_keys.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kRetired = "-until-";

/// An empty key would sign what anybody can sign too.
std::string read_key(const fs::path& file) {
  std::string key = read_file(file);
  const bool hex = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (hex && key.size() == 2 * kKeyBytes) return key;
  throw Error(fmt::format(
      "'{}' does not hold the {} hex digits of a key for links. Put it back from a copy, or remove "
      "it: a new one is made at the next start, and links given out before stop working.",
      file.string(), 2 * kKeyBytes));
}

/// The keys that `newest` has followed, with the end of each.
std::vector<std::pair<fs::path, std::int64_t>> retired_keys(const fs::path& newest) {
  std::vector<std::pair<fs::path, std::int64_t>> out;
  const std::string prefix = newest.filename().string() + std::string(kRetired);
  for (const auto& entry : fs::directory_iterator(newest.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::int64_t until = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), until);
    out.emplace_back(entry.path(), until);
  }
  return out;
}

void remove_expired(const fs::path& newest, std::int64_t now) {
  for (const auto& [file, until] : retired_keys(newest)) {
    std::error_code ignored;  // it signs nothing and checks nothing
    if (until <= now) fs::remove(file, ignored);
  }
}

std::vector<LinkKeys::Key> read_keys(const fs::path& newest) {
  std::vector<LinkKeys::Key> keys{{read_key(newest), std::numeric_limits<std::int64_t>::max()}};
  for (const auto& [file, until] : retired_keys(newest)) {
    try {
      keys.push_back({read_key(file), until});
    } catch (const FileError& error) {
      if (error.error_number() != ENOENT) throw;  // its links were revoked in this moment
    }
  }
  return keys;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

LinkKeys::LinkKeys(fs::path newest, const Clock& clock) : newest_(std::move(newest)) {
  if (!fs::exists(newest_)) write_file_atomically(newest_, random_hex(kKeyBytes));
  remove_expired(newest_, to_unix_seconds(clock.now()));
  all();
}

LinkKeys::Stamp LinkKeys::stamp() const {
  struct stat file {};
  struct stat folder {};
  ::stat(newest_.c_str(), &file);  // if it is gone, reading it says so
  ::stat(newest_.parent_path().c_str(), &folder);
  return {file.st_ino, nanoseconds(file.st_mtim), nanoseconds(folder.st_mtim)};
}

/// Two changes within a tick of the file system's clock look like one, so that only a stamp which
/// is a second old (by that clock, whatever our own says) tells all.
bool LinkKeys::Stamp::is_settled() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t changed = std::max(newest_time, folder_time);
  return std::abs(std::chrono::nanoseconds(now).count() - changed) > 1'000'000'000;
}

std::shared_ptr<const std::vector<LinkKeys::Key>> LinkKeys::all() const {
  const std::lock_guard lock(mutex_);
  const Stamp now = stamp();  // before the files are read: what changes meanwhile is read next time
  if (!keys_ || !(now == stamp_) || !now.is_settled()) {
    keys_ = std::make_shared<const std::vector<Key>>(read_keys(newest_));
    stamp_ = now;
  }
  return keys_;
}

void rotate_link_key(const fs::path& newest, const Clock& clock) {
  const std::int64_t now = to_unix_seconds(clock.now());
  if (fs::exists(newest)) {
    const std::int64_t until =
        now + std::chrono::duration_cast<std::chrono::seconds>(kLinkLifetime).count() + 1;
    // Kept before it is replaced, under a name of its own: a crash in between leaves it twice. The
    // random end tells two rotations of one second apart.
    const fs::path retired =
        fs::path(newest).concat(fmt::format("{}{}-{}", kRetired, until, random_hex(4)));
    if (::link(newest.c_str(), retired.c_str()) != 0) throw_file_error("create", retired, errno);
    sync_folder(newest.parent_path());
  }
  write_file_atomically(newest, random_hex(kKeyBytes));
  remove_expired(newest, now);
}

void revoke_link_keys(const fs::path& newest) {
  write_file_atomically(newest, random_hex(kKeyBytes));
  // Links must not come back after a power cut, so it is the folder too that has to be on the disk.
  for (const auto& [file, until] : retired_keys(newest)) {
    std::error_code error;
    fs::remove(file, error);
    if (error) throw_file_error("remove", file, error.value());
  }
  sync_folder(newest.parent_path());
}

}  // namespace torchhub::server
