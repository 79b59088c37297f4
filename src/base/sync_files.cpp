#include "base/sync_files.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

class ReadDescriptor {
 public:
  explicit ReadDescriptor(const fs::path& file)
      : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw_file_error("open", file, errno);
  }
  ~ReadDescriptor() { ::close(descriptor_); }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

void sync_files(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {  // no promise yet: the disk only learns of all of them
    ::sync_file_range(ReadDescriptor(file).get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  for (const fs::path& file : files) {
    if (::fdatasync(ReadDescriptor(file).get()) != 0) throw_file_error("flush", file, errno);
  }
}

void sync_folders_below(const fs::path& folder) {
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    if (!entry->is_symlink(error) && entry->is_directory(error)) sync_folder(entry->path());
  }
  if (error) throw_file_error("read the folder", folder, error.value());
  sync_folder(folder);
}

}  // namespace torchhub
