#include "hub/cache_writer.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <cerrno>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// bford.info/cachedir: backup programs leave such a folder out. The text is the Python client's.
constexpr std::string_view kCacheDirTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by huggingface_hub.\n"
    "# For information about cache directory tags, see:\n"
    "#\thttps://bford.info/cachedir/\n";

void tag_cache_folder(const fs::path& cache_dir) {
  const fs::path tag = cache_dir / "CACHEDIR.TAG";
  std::error_code ignored;  // unreadable: the write below says what is wrong
  if (!fs::exists(tag, ignored)) write_file_atomically(tag, kCacheDirTag);
}

/// A link that is there under its own name only when it is whole.
void replace_with_symlink(const fs::path& target, const fs::path& link) {
  const fs::path temporary = link.parent_path() / (".tmp-" + random_hex(8));
  fs::create_symlink(target.lexically_relative(link.parent_path()), temporary);
  std::error_code error;
  fs::rename(temporary, link, error);
  if (!error) return;
  fs::remove(temporary);
  throw_file_error("replace", link, error.value());
}

void replace_with_copy(const fs::path& source, const fs::path& target) {
  const fs::path temporary = target.parent_path() / (".tmp-" + random_hex(8));
  std::error_code error;
  fs::create_hard_link(source, temporary, error);
  if (error) fs::copy_file(source, temporary, error);
  if (!error) fs::rename(temporary, target, error);
  if (!error) return;
  std::error_code ignored;  // the first error is the one to report
  fs::remove(temporary, ignored);
  throw_file_error("copy to", target, error.value());
}

}  // namespace

CacheWriter::CacheWriter(const HubOptions& options, const Repo& repo)
    : cache_dir_(options.cache_dir),
      cache_(options.cache_dir, repo),
      use_symlinks_(options.use_symlinks) {
  if (options.cache_dir.empty()) {
    throw InvalidArgumentError(
        "HubOptions::cache_dir is empty. Set it, or use HubOptions::from_environment().");
  }
}

void CacheWriter::note_commit(const std::string& revision, const std::string& commit) const {
  if (revision == commit || cache_.commit_of(revision) == commit) return;
  write_file_atomically(cache_.ref(revision), commit);
}

void CacheWriter::note_absence(const std::string& commit, const std::string& path) const {
  write_file_atomically(cache_.no_exist_marker(commit, path), "");
}

void CacheWriter::place(const std::string& commit, const std::string& path, const std::string& etag,
                        bool fresh) const {
  const fs::path blob = cache_.blob(etag);
  const fs::path entry = cache_.snapshot_file(commit, path);
  tag_cache_folder(cache_dir_);
  make_folders(entry.parent_path());
  if (use_symlinks_) {
    try {
      return replace_with_symlink(blob, entry);
    } catch (const fs::filesystem_error& error) {
      log::info("cache_without_links",
                {{"folder", cache_.folder().string()}, {"error", error.code().message()}});
    }
  }
  std::error_code error;
  if (fresh) fs::rename(blob, entry, error);
  if (!fresh || error) replace_with_copy(blob, entry);
}

}  // namespace torchhub
