#include "server/git/handles.h"

#include "server/git/small_blobs.h"

#include <fmt/format.h>

#include <array>
#include <mutex>

namespace torchhub::server::git {

void check(int code, std::string_view doing) {
  if (code >= 0) return;
  const git_error* last = git_error_last();
  const std::string text =
      last != nullptr && last->message != nullptr ? last->message : "no reason";
  // libgit2 hands errno on only as words.
  if (text.find("No space left") != std::string::npos ||
      text.find("quota exceeded") != std::string::npos) {
    throw DiskFullError(fmt::format("No space left while trying to {}.", doing), {});
  }
  throw GitError(fmt::format("git failed to {}: {}", doing, text), code);
}

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    check(git_libgit2_init(), "start");
    for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
                            GIT_CONFIG_LEVEL_PROGRAMDATA}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    // The data folder may have come from another machine, where our user had another number.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // Repositories stay open (repository_pool.h), so what libgit2 remembers of them must be little.
    constexpr ssize_t kObjectBytes = ssize_t{16} << 20;
    constexpr std::size_t kMappedBytes = std::size_t{64} << 20;
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kObjectBytes);
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, kSmallBlobBytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedBytes);
  });
}

std::string to_hex(const git_oid& oid) {
  std::array<char, GIT_OID_HEXSZ> text;
  git_oid_fmt(text.data(), &oid);
  return {text.data(), text.size()};
}

git_oid parse_oid(std::string_view hex) {
  git_oid oid;
  if (hex.size() != GIT_OID_HEXSZ) throw GitError(fmt::format("'{}' is not an id.", hex), -1);
  check(git_oid_fromstrn(&oid, hex.data(), hex.size()), "read an id");
  return oid;
}

}  // namespace torchhub::server::git
