#include "torchhub/server/backup.h"

#include "server/admin/backup_run.h"
#include "server/repos/repo_label.h"
#include "server/repos/trash.h"
#include "server/store/object_guard.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/file_lock.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// In FORMAT until the copy is whole; no server starts on it.
constexpr const char* kUnfinished = "0 (a backup that did not end)\n";

/// Refuses a folder with anything but a backup in it.
void need_disk_room(const fs::path& to) {
  if (!fs::exists(to) || fs::is_empty(to) || fs::exists(to / "FORMAT")) return;
  throw Error(fmt::format("'{}' is neither empty nor a backup. Name another folder.", to.string()));
}

/// A folder in itself would grow with each backup, and gc would not know it.
void need_another_folder(const fs::path& data_dir, const fs::path& to) {
  const fs::path data = fs::weakly_canonical(data_dir);
  for (fs::path above = fs::weakly_canonical(to); above.has_relative_path();
       above = above.parent_path()) {
    if (above != data) continue;
    throw InvalidArgumentError(
        "A data folder is no backup of itself, nor has one in it. Name another folder.");
  }
}

/// A typing error there would cost the space of a whole copy.
void need_backup(const std::optional<fs::path>& since) {
  if (!since || fs::exists(*since / "FORMAT")) return;
  throw Error(fmt::format("'{}' is no backup: it has no file FORMAT. Name one with --since.",
                          since->string()));
}

std::unique_ptr<FileLock> locked(const fs::path& to) {
  try {
    return std::make_unique<FileLock>(to / "lock", std::chrono::milliseconds(0));
  } catch (const FileLockTimeoutError&) {
    throw DataFolderInUseError(fmt::format(
        "A server or another backup uses '{}'. Wait for its end, or name another folder.",
        to.string()));
  }
}

class Backup {
 public:
  Backup(const fs::path& data_dir, const fs::path& to, const BackupOptions& options)
      : hub_(data_dir, options.durability, options.clock),
        to_(fs::absolute(to)),
        next_database_(to_ / "hub.db.next"),
        copier_(hub_.folder.root(), to_, options.since, report_),
        guard_(ObjectGuard::shared(hub_.folder.root())),  // nothing is collected meanwhile
        lock_(locked(to_)) {}

  BackupReport run() {
    format_ = read_file(hub_.folder.root() / "FORMAT");
    if (!fs::exists(to_ / "FORMAT")) write_file_atomically(to_ / "FORMAT", kUnfinished);
    copy_database();
    copy_repositories();
    copy_links();
    copy_objects();
    for (const auto& key : fs::directory_iterator(hub_.folder.root() / "keys")) {
      copier_.copy(fs::path("keys") / key.path().filename());
    }
    copier_.copy("gitconfig");
    fs::permissions(to_ / "keys", fs::perms::owner_all);
    copier_.flush();
    finish();
    return std::move(report_);
  }

 private:
  /// Repositories that the copy's database knows.
  std::vector<std::string> ids() {
    Connection copy(next_database_, Durability::relaxed);
    Statement row = copy.prepare("SELECT id FROM repo WHERE state = 'ready' ORDER BY id");
    std::vector<std::string> out;
    while (row.step()) out.push_back(row.text(0));
    return out;
  }

  void copy_database() {
    for (const char* end : {"", "-journal", "-wal", "-shm"}) {
      fs::remove(next_database_.string() + end);  // of a backup that did not end
    }
    auto connection = hub_.database.lease();
    connection->copy_to(next_database_);
  }

  bool copied(const std::string& id) {
    try {
      return copy_repository(hub_, copier_, to_, id);
    } catch (const git::GitError&) {
      if (hub_.repos.is_ready(id)) throw;
      return false;  // moved to the trash under our hands
    }
  }

  void copy_repositories() {
    for (const std::string& id : ids()) {
      if (copied(id)) {
        ++report_.repositories;
      } else if (hub_.repos.is_ready(id)) {
        throw Error(fmt::format("The repository {} has no folder. Run 'torchhub admin fsck'.", id));
      } else {
        gone_.insert(id);  // deleted since the database was copied
      }
    }
  }

  /// Commits that came since the database was copied need the links that came with them. The rows
  /// were written before the refs, so each ref that was noted has its links by now.
  void copy_links() {
    Connection copy(next_database_, Durability::relaxed);
    for (const std::string& id : gone_) {
      copy.run("DELETE FROM repo_lfs WHERE repo = ?", id);
      copy.run("DELETE FROM repo WHERE id = ?", id);
    }
    // What was just being made or deleted is not there, and its name is free.
    copy.script(
        "DELETE FROM repo_lfs WHERE repo IN (SELECT id FROM repo WHERE state <> 'ready'); "
        "DELETE FROM repo WHERE state <> 'ready'");
    copy.run("ATTACH ? AS live", hub_.folder.database().string());
    copy.script(
        "INSERT OR IGNORE INTO main.repo_lfs(repo, oid, size, created, offered_by) "
        "SELECT repo, oid, size, created, offered_by FROM live.repo_lfs "
        "WHERE repo IN (SELECT id FROM main.repo); DETACH live;");
  }

  void copy_objects() {
    Connection copy(next_database_, Durability::relaxed);
    Statement row = copy.prepare("SELECT DISTINCT oid FROM repo_lfs ORDER BY oid");
    while (row.step()) {
      const std::string oid = row.text(0);
      if (copier_.place(hub_.folder.object(oid).lexically_relative(hub_.folder.root()))) {
        ++report_.objects;
      } else {
        report_.warnings.push_back(
            fmt::format("The object {} is not in the store. Run 'torchhub admin fsck'.", oid));
      }
    }
  }

  /// From here on an older copy is half old and half new.
  void finish() {
    write_file_atomically(to_ / "FORMAT", kUnfinished);
    const std::vector<std::string> copied = ids();
    {
      Connection copy(next_database_, Durability::relaxed);
      for (const std::string& id : copied) {
        finish_repository(copier_, to_, folder_of(id), make_label(copy, id).dump(1) + "\n");
      }
      copy.script("PRAGMA journal_mode=DELETE");
    }
    put_deleted_away({copied.begin(), copied.end()});
    for (const char* end : {"-wal", "-shm"}) fs::remove((to_ / "hub.db").string() + end);
    fs::remove(to_ / "clean");
    fs::rename(next_database_, to_ / "hub.db");
    copier_.flush();
    write_file_atomically(to_ / "FORMAT", format_);
  }

  /// "repos/ab/<id>.git"
  fs::path folder_of(const std::string& id) const {
    return hub_.folder.repository(id).lexically_relative(hub_.folder.root());
  }

  /// What an earlier backup had and was deleted since goes to the copy's own trash.
  void put_deleted_away(const std::set<std::string>& ids) {
    const fs::path today = to_ / "trash" / trash_of(hub_.folder, hub_.now()).filename();
    for (const auto& group : fs::directory_iterator(to_ / "repos")) {
      for (const auto& entry : fs::directory_iterator(group.path())) {
        if (ids.contains(entry.path().stem().string())) continue;
        make_folders(today);
        fs::remove_all(today / entry.path().filename());
        fs::rename(entry.path(), today / entry.path().filename());
      }
    }
  }

  BackupReport report_ = {};
  AdminHub hub_;
  fs::path to_;
  fs::path next_database_;
  FileCopier copier_;
  ObjectGuard guard_;
  std::unique_ptr<FileLock> lock_;
  std::string format_ = {};
  std::set<std::string> gone_ = {};
};

}  // namespace
}  // namespace torchhub::server

namespace torchhub {

namespace fs = std::filesystem;

BackupReport back_up(const fs::path& data_dir, const fs::path& to, const BackupOptions& options) {
  server::need_data_folder(data_dir);
  server::need_disk_room(to);
  server::need_another_folder(data_dir, to);
  server::need_backup(options.since);
  const bool is_new = !fs::exists(to);
  for (const char* name : {"repos", "lfs", "keys", "incoming", "trash"}) make_folders(to / name);
  if (is_new) fs::permissions(to, fs::perms::owner_all);
  return server::Backup(data_dir, to, options).run();
}

BackupReport restore_backup(const fs::path& backup, const fs::path& data_dir,
                            const BackupOptions& options) {
  if (fs::exists(data_dir) && !fs::is_empty(data_dir)) {
    throw Error(fmt::format("'{}' is not empty. Restore into a new folder, then swap them.",
                            data_dir.string()));
  }
  if (!fs::exists(backup / "FORMAT")) {
    throw Error(fmt::format("'{}' is no backup of a hub: it has no file FORMAT.", backup.string()));
  }
  return back_up(backup, data_dir, options);
}

}  // namespace torchhub
