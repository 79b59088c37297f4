#include "torchhub/push/commit_scheduler.h"

#include "base/folder_name.h"
#include "push/branch.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"
#include "torchhub/push/pushable_files.h"
#include "torchhub/push/secrets.h"
#include "torchhub/push/snapshot.h"

#include <fmt/format.h>

#include <stop_token>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

CommitSchedulerOptions checked(CommitSchedulerOptions options) {
  if (options.every <= std::chrono::milliseconds(0)) {
    throw InvalidArgumentError(
        fmt::format("every is {} ms; it must be above 0.", options.every.count()));
  }
  make_folders(options.folder_path);
  if (options.repo_id.empty()) options.repo_id = folder_name(options.folder_path);
  std::string& path = options.path_in_repo;
  while (path.ends_with('/')) path.pop_back();
  path.erase(0, path.find_first_not_of('/'));
  return options;
}

}  // namespace

class CommitScheduler::Impl {
 public:
  Impl(const HubClient& client, CommitSchedulerOptions options)
      : client_(client),
        options_(checked(std::move(options))),
        revision_(options_.revision.value_or(std::string(kDefaultRevision))),
        repo_(client_
                  .create_repo({.id = RepoId::parse(options_.repo_id), .type = options_.repo_type},
                               {.private_ = options_.private_, .exist_ok = true})
                  .repo) {
    make_branch(client_, repo_, revision_);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (options_.clock->sleep_for(options_.every, stop)) look();
    });
  }

  ScheduledCommit look() {
    const std::lock_guard one_at_a_time(looking_);
    ScheduledCommit outcome;
    try {
      commit_what_changed(outcome);
      if (outcome.commit && options_.squash_history) {
        client_.super_squash_history(repo_, {.branch = revision_});
      }
    } catch (const std::exception& error) {
      outcome.error = error.what();  // crosses the thread as a value
      log::warning("scheduled_commit_failed", {{"repo", repo_.id.str()}, {"error", error.what()}});
    }
    if (options_.on_commit && (outcome.files > 0 || !outcome.ok())) options_.on_commit(outcome);
    return outcome;
  }

  /// From one thread.
  ScheduledCommit stop() {
    if (!thread_.joinable()) return {};
    thread_.request_stop();
    thread_.join();
    return look();
  }

  std::mutex& writing() const { return writing_; }
  const Repo& repo() const { return repo_; }

 private:
  void commit_what_changed(ScheduledCommit& outcome) {
    const Snapshot copies(fs::temp_directory_path() / ("torchhub-commit-" + random_hex(8)));
    const FileStamps changed = copy_changes(copies);
    if (changed.empty()) return;
    require_no_secrets(copies.folder(), client_.options().token);
    outcome.commit = client_.upload_folder(repo_, copies.folder(),
                                           {.path_in_repo = options_.path_in_repo,
                                            .commit_message = options_.commit_message,
                                            .revision = revision_});
    outcome.files = changed.size();
    for (const auto& [path, stamp] : changed) committed_[path] = stamp;
  }

  /// @return what they were before they were copied: a line that comes later is seen next time
  FileStamps copy_changes(Snapshot copies) const {
    const std::lock_guard lock(writing_);
    FileStamps changed = pushable_files(options_.folder_path, options_.filter);
    std::erase_if(changed, [&](const auto& file) {
      const auto before = committed_.find(file.first);
      return before != committed_.end() && before->second == file.second;
    });
    for (const auto& [path, stamp] : changed) {
      copies.add_file(options_.folder_path / path, path, /*frozen=*/false);
    }
    return changed;
  }

  const HubClient client_;
  const CommitSchedulerOptions options_;
  const std::string revision_;
  const Repo repo_;
  std::mutex looking_;
  mutable std::mutex writing_;
  FileStamps committed_ = {};  // guarded by looking_
  std::jthread thread_ = {};   // last member: stops before all it touches
};

CommitScheduler::CommitScheduler(const HubClient& client, CommitSchedulerOptions options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}

CommitScheduler::~CommitScheduler() { impl_->stop(); }

std::unique_lock<std::mutex> CommitScheduler::lock() const {
  return std::unique_lock(impl_->writing());
}

ScheduledCommit CommitScheduler::trigger() { return impl_->look(); }

ScheduledCommit CommitScheduler::stop() { return impl_->stop(); }

const Repo& CommitScheduler::repo() const { return impl_->repo(); }

}  // namespace torchhub
