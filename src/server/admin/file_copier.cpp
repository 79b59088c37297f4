#include "server/admin/file_copier.h"

#include "server/store/write_all.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

std::uint64_t copy_all(const OpenFile& from, const fs::path& source, const OpenFile& to,
                       const fs::path& target) {
  std::array<char, std::size_t{256} << 10> room;
  std::uint64_t sum = 0;
  for (;;) {
    const ssize_t count = ::read(from.descriptor(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", source, errno);
    if (count == 0) return sum;
    write_all(to, std::as_bytes(std::span(room).first(static_cast<std::size_t>(count))), target);
    sum += static_cast<std::uint64_t>(count);
  }
}

}  // namespace

bool FileCopier::copy_bytes(const fs::path& from, const fs::path& to, Flush flush) {
  const OpenFile source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.descriptor() < 0) {
    if (errno == ENOENT) return false;
    throw_file_error("read", from, errno);
  }
  struct stat info {};
  ::fstat(source.descriptor(), &info);
  const fs::path beside = to.string() + ".tmp-" + random_hex(4);
  const OpenFile target(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0777));
  if (target.descriptor() < 0) throw_file_error("create", beside, errno);
  try {
    report_.copied_bytes += copy_all(source, from, target, beside);
    if (flush == Flush::yes && ::fdatasync(target.descriptor()) != 0) {
      throw_file_error("flush", beside, errno);
    }
    if (::rename(beside.c_str(), to.c_str()) != 0) throw_file_error("create", to, errno);
  } catch (const Error&) {
    ::unlink(beside.c_str());
    throw;
  }
  ++report_.copied_files;
  return true;
}

bool FileCopier::place(const fs::path& name) {
  const fs::path target = to_ / name;
  if (fs::exists(target)) {
    ++report_.kept_files;
    return true;
  }
  make_folders(target.parent_path());
  for (const auto& root : {since_, std::optional(from_)}) {
    // A refusal is no error: another file system, too many links, a file that is not there.
    if (!root || ::link((*root / name).c_str(), target.c_str()) != 0) continue;
    ++report_.linked_files;
    return true;
  }
  // The next backup takes what has its name as whole.
  return copy_bytes(from_ / name, target, Flush::yes);
}

bool FileCopier::copy(const fs::path& name) { return copy_as(name, name); }

bool FileCopier::copy_as(const fs::path& name, const fs::path& new_name) {
  make_folders((to_ / new_name).parent_path());
  return copy_bytes(from_ / name, to_ / new_name, Flush::no);
}

void FileCopier::write(const fs::path& name, std::string_view text) {
  const fs::path target = to_ / name;
  make_folders(target.parent_path());
  const fs::path beside = target.string() + ".tmp-" + random_hex(4);
  const OpenFile file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.descriptor() < 0) throw_file_error("create", beside, errno);
  write_all(file, std::as_bytes(std::span(text)), beside);
  if (::rename(beside.c_str(), target.c_str()) != 0) throw_file_error("create", target, errno);
}

void FileCopier::flush() const {
  const OpenFile root(::open(to_.c_str(), O_RDONLY | O_CLOEXEC));
  if (root.descriptor() < 0 || ::syncfs(root.descriptor()) != 0)
    throw_file_error("flush", to_, errno);
}

}  // namespace torchhub::server
