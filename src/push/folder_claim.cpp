#include "base/read_if_there.h"
#include "torchhub/base/clock.h"
#include "torchhub/base/file_lock.h"
#include "torchhub/base/log.h"
#include "torchhub/push/journal.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <mutex>
#include <unistd.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// What this process has claimed, by folder.
class Claims {
 public:
  /// Nothing while another process has it. @throws FileError
  std::shared_ptr<const void> take(const fs::path& lock_file) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<const FileLock>& mine = by_file_[lock_file];
    if (auto held = mine.lock()) return held;
    try {
      auto taken = std::make_shared<const FileLock>(lock_file, std::chrono::milliseconds(0));
      mine = taken;
      std::ofstream(lock_file) << ::getpid() << '\n';  // for the message of the other one
      return taken;
    } catch (const FileLockTimeoutError&) {
      return nullptr;
    }
  }

  bool has(const fs::path& lock_file) {
    const std::lock_guard lock(mutex_);
    const auto mine = by_file_.find(lock_file);
    return mine != by_file_.end() && !mine->second.expired();
  }

 private:
  std::mutex mutex_;
  std::map<fs::path, std::weak_ptr<const FileLock>> by_file_;  // guarded by mutex_
};

Claims& claims() {
  static Claims of_this_process;
  return of_this_process;
}

fs::path lock_file_in(const fs::path& pushes) {
  return fs::absolute(pushes).lexically_normal() / "lock";
}

/// "process 17", or of what is not known "another process".
std::string holder_of(const fs::path& lock_file) {
  const auto text = read_file_if_there(lock_file);
  int id = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), id);
  return id > 0 ? fmt::format("process {}", id) : "another process";
}

PushesTakenError taken(const fs::path& output_dir, const std::string& holder) {
  return PushesTakenError(fmt::format(
      "The pushes of '{}' are in the hands of {}: a training, or 'torchhub push resume'. What is "
      "there is left to it. Wait for its end, or end it, and try again.",
      output_dir.string(), holder));
}

}  // namespace

std::shared_ptr<const void> PushJournal::claim(std::chrono::milliseconds wait) const {
  constexpr std::chrono::milliseconds kPoll{50};
  const fs::path lock_file = lock_file_in(folder_);
  // Once more in any case: is_locked() may have had it for a moment.
  const auto deadline = std::chrono::steady_clock::now() + std::max(wait, kPoll);
  for (bool is_told = false;; is_told = true) {
    if (auto claimed = claims().take(lock_file)) return claimed;
    const std::string holder = holder_of(lock_file);
    if (std::chrono::steady_clock::now() >= deadline) throw taken(output_dir_, holder);
    if (!is_told && wait > wait.zero()) {
      log::warning("waiting_for_another_pusher",
                   {{"folder", output_dir_.string()}, {"holder", holder}});
    }
    system_clock()->sleep_for(kPoll, {});
  }
}

void PushJournal::require_free() const {
  const fs::path lock_file = lock_file_in(folder_);
  if (!claims().has(lock_file) && is_locked(lock_file)) {
    throw taken(output_dir_, holder_of(lock_file));
  }
}

}  // namespace torchhub
