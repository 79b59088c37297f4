#include "push/kept_copies.h"

#include "torchhub/base/atomic_file.h"

#include <fmt/format.h>

#include <chrono>
#include <sys/stat.h>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr off_t kWorthKeeping = 1 << 20;  // bytes; less is copied in no time
/// Longer than a write through a memory map may stay without its mark on the file's time.
constexpr std::chrono::seconds kSettled{60};

}  // namespace

std::optional<std::string> KeptCopies::name_for(const fs::path& file) {
  struct stat now = {};
  if (::stat(file.c_str(), &now) != 0 || now.st_size < kWorthKeeping) return std::nullopt;
  const auto seconds = std::chrono::system_clock::now().time_since_epoch();
  if (std::chrono::seconds(now.st_mtim.tv_sec) + kSettled > seconds) return std::nullopt;
  return fmt::format("{:x}-{:x}-{}-{}.{:09}-{}.{:09}", now.st_dev, now.st_ino, now.st_size,
                     now.st_mtim.tv_sec, now.st_mtim.tv_nsec, now.st_ctim.tv_sec,
                     now.st_ctim.tv_nsec);
}

bool KeptCopies::link(const std::string& name, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(folder_ / name, to, error);
  if (!error) used_.insert(name);
  return !error;
}

void KeptCopies::keep(const std::string& name, const fs::path& copy) {
  make_folders(folder_);
  std::error_code error;  // where the file system has no links, each save copies
  fs::create_hard_link(copy, folder_ / name, error);
  used_.insert(name);
}

void KeptCopies::drop_others() const {
  std::error_code error;
  std::vector<fs::path> others;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    if (!used_.contains(file.path().filename().string())) others.push_back(file.path());
  }
  for (const fs::path& file : others) fs::remove(file, error);
}

}  // namespace torchhub
