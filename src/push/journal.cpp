#include "torchhub/push/journal.h"

#include "base/read_if_there.h"
#include "push/entry_files.h"
#include "push/job_json.h"
#include "push/job_number.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <regex>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Folders of jobs, oldest first.
std::vector<fs::path> entries_of(const fs::path& folder) {
  static const std::regex names(R"(\d{8,}-[0-9a-f]{8})");  // as new_snapshot() gives them
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool is_entry = std::regex_match(entry.path().filename().string(), names);
    if (is_entry && entry.is_directory(error)) entries.push_back(entry.path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

fs::path target_file(const fs::path& folder) { return folder / "target.json"; }
fs::path last_file(const fs::path& folder) { return folder / "last.json"; }

}  // namespace

std::string PushTarget::place() const {
  return PushJob{.repo = repo, .endpoint = endpoint, .revision = revision, .commit_message = {}}
      .place();
}

std::string LastPush::head_of(const PushJob& job) const {
  const auto found = heads.find(job.place());
  return found == heads.end() ? std::string() : found->second;
}

bool LastPush::has_arrived(const PushJob& job) const {
  return has_arrived(job.lane_key(), job.snapshot.name());
}

bool LastPush::has_overtaken(const PushJob& job) const {
  return has_overtaken(job.lane_key(), job.snapshot.name());
}

bool LastPush::has_arrived(const std::string& lane, const std::string& name) const {
  const auto found = newest.find(lane);
  return found != newest.end() && name == found->second;
}

bool LastPush::has_overtaken(const std::string& lane, const std::string& name) const {
  const auto found = newest.find(lane);
  return found != newest.end() && name < found->second;
}

PushJournal::PushJournal(fs::path output_dir)
    : output_dir_(std::move(output_dir)),
      folder_(output_dir_ / "_torchhub" / "pushes"),
      last_number_(std::make_shared<std::atomic<std::uint64_t>>(0)) {}

Snapshot PushJournal::new_snapshot() const {
  std::uint64_t newest = *last_number_;
  for (const fs::path& entry : entries_of(folder_)) {
    newest = std::max(newest, job_number(entry.filename().string()));
  }
  // Read after the folder: a job whose entry has just gone is noted there by then.
  for (const auto& [lane, id] : last_push().newest) newest = std::max(newest, job_number(id));
  *last_number_ = newest + 1;
  return Snapshot(folder_ / fmt::format("{:08}-{}", newest + 1, random_hex(4)));
}

void PushJournal::remember(const PushJob& job) const {
  job.snapshot.keep(to_json_text(job));
  for (const fs::path& made : {folder_, folder_.parent_path(), output_dir_}) sync_folder(made);
}

std::vector<PushJob> PushJournal::unfinished() const {
  std::vector<PushJob> jobs;
  for (const fs::path& entry : entries_of(folder_)) {
    const auto snapshot = Snapshot::take_over(entry);
    if (!snapshot) continue;
    const auto note = snapshot->note();
    if (!note) continue;  // cut short before it was handed over: goes with `snapshot`
    try {
      PushJob job = push_job_of(*note);
      job.snapshot = *snapshot;
      job.is_left = true;
      jobs.push_back(std::move(job));
    } catch (const Error& error) {
      log::warning("unfinished_push_not_read",
                   {{"folder", entry.string()}, {"error", error.what()}});
    }
  }
  return jobs;
}

std::vector<PushJournal::Noted> PushJournal::noted() const {
  std::vector<Noted> found;
  for (const fs::path& entry : entries_of(folder_)) {
    const auto note = read_file_if_there(note_of_entry(entry));
    if (!note) continue;
    try {
      found.push_back({.job = push_job_of(*note), .files = files_of_entry(entry)});
    } catch (const Error& error) {
      log::warning("unfinished_push_not_read",
                   {{"folder", entry.string()}, {"error", error.what()}});
    }
  }
  return found;
}

std::optional<PushTarget> PushJournal::target() const {
  const fs::path file = target_file(folder_);
  const auto text = read_file_if_there(file);
  if (!text) return std::nullopt;
  try {
    return push_target_of(*text);
  } catch (Error& problem) {
    problem.add_context(file.string());
    throw;
  }
}

void PushJournal::set_target(const PushTarget& target) const {
  write_file_atomically(target_file(folder_), to_json_text(target));
}

LastPush PushJournal::last_push() const {
  const fs::path file = last_file(folder_);
  const auto text = read_file_if_there(file);
  if (!text) return {};
  try {
    return last_push_of(*text);
  } catch (const Error& problem) {
    log::warning("last_push_not_read", {{"file", file.string()}, {"error", problem.what()}});
    return {};
  }
}

void PushJournal::note_done(const PushJob& job, const std::string& commit) const {
  LastPush last = last_push();
  last.heads[job.place()] = commit;
  std::string& newest = last.newest[job.lane_key()];
  newest = std::max(newest, job.snapshot.name());
  write_file_atomically(last_file(folder_), to_json_text(last));
}

void PushJournal::note_head(const PushTarget& at, const std::string& commit) const {
  LastPush last = last_push();
  last.heads[at.place()] = commit;
  write_file_atomically(last_file(folder_), to_json_text(last));
}

}  // namespace torchhub
