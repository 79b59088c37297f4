#include "push/loop_output.h"

#include "base/read_if_there.h"
#include "push/cut_off.h"
#include "push/replaced_files.h"
#include "push/root_weights.h"
#include "push/saved_parts.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"
#include "torchhub/push/saved_files.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kNote = "_unpushed.json";  // no push takes files of such a name

/// An old single file of weights would win over new shards.
void remove_other_weights(const fs::path& output_dir, const fs::path& model) {
  const PathFilter weights{.allow = root_weights()};
  for (const auto& entry : fs::directory_iterator(output_dir)) {
    const fs::path name = entry.path().filename();
    if (weights.takes(name.string()) && !fs::exists(model / name)) fs::remove(entry.path());
  }
}

/// Hard links where the file system can, else copies.
void copy_tree(const fs::path& from, const fs::path& to) {
  constexpr auto kAll = fs::copy_options::recursive;
  std::error_code error;
  fs::copy(from, to, kAll | fs::copy_options::create_hard_links, error);
  if (!error) return;
  fs::remove_all(to, error);
  fs::copy(from, to, kAll, error);
  if (error) throw_file_error("copy", from, error.value());
}

/// `from` stays: whoever comes after a kill does it all once more.
void put_in_place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::equivalent(from, to, error)) return;
  const fs::path beside =
      to.parent_path() / fmt::format(".tmp-{}-{}", to.filename().string(), random_hex(4));
  copy_tree(from, beside);
  if (fs::is_directory(to)) fs::remove_all(to);  // no rename replaces a folder with files
  fs::rename(beside, to, error);
  if (error) throw_file_error("replace", to, error.value());
}

/// The note last: it says of all others that they are there.
void put_all_in_place(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path name = entry.path().filename();
    if (name != kNote) put_in_place(entry.path(), to / name);
  }
  if (fs::exists(from / kNote)) put_in_place(from / kNote, to / kNote);
}

/// Under its name it must be whole, or what is in place would pass for weights of another save.
void remove_whole(const fs::path& folder) {
  const fs::path aside =
      folder.parent_path() / (".tmp-" + folder.filename().string() + "-" + random_hex(4));
  std::error_code error;
  fs::rename(folder, aside, error);
  if (error) throw_file_error("rename", folder, error.value());
  fs::remove_all(aside, error);  // what stays, remove_unfinished() takes
}

}  // namespace

fs::path saved_loop_model(const fs::path& output_dir) {
  return output_dir / "_torchhub" / "saved-model";
}

void finish_loop_save(const fs::path& output_dir) {
  const fs::path saved = saved_loop_model(output_dir);
  if (!fs::is_directory(saved)) return;
  remove_other_weights(output_dir, saved);
  put_all_in_place(saved, output_dir);
  remove_whole(saved);
}

void note_loop_save(const LoopSave& save, const fs::path& folder) {
  const ordered_json note = {
      {"commit_message", save.commit_message}, {"step", save.step}, {"replaced", save.replaced}};
  write_file_atomically(folder / kNote, note.dump(2) + "\n");
}

void forget_loop_save(const fs::path& output_dir) {
  std::error_code ignored;
  fs::remove(output_dir / kNote, ignored);
}

std::optional<LoopSave> loop_save_cut_off(const fs::path& output_dir,
                                          const std::vector<PushJob>& jobs) {
  auto text = read_file_if_there(saved_loop_model(output_dir) / kNote);
  if (!text) text = read_file_if_there(output_dir / kNote);
  if (!text) return std::nullopt;
  try {
    const auto note = ordered_json::parse(*text);
    LoopSave save{.commit_message = note.at("commit_message").get<std::string>(),
                  .step = note.at("step").get<std::int64_t>(),
                  .replaced = note.at("replaced").get<std::vector<std::string>>()};
    const bool is_handed_over = std::any_of(jobs.begin(), jobs.end(), [&](const PushJob& job) {
      return job.commit_message == save.commit_message && job.step == save.step;
    });
    return is_handed_over ? std::nullopt : std::optional(std::move(save));
  } catch (const ordered_json::exception& error) {
    log::warning("unpushed_save_not_read",
                 {{"file", (output_dir / kNote).string()}, {"error", error.what()}});
    return std::nullopt;
  }
}

std::vector<SavedPart> parts_of_loop_save(const fs::path& output_dir,
                                          const SaveSelection& selection) {
  const PathFilter filter = output_filter(selection);
  std::vector<SavedPart> parts{{.folder = output_dir, .filter = filter}};
  const fs::path on_its_way = saved_loop_model(output_dir);
  if (fs::is_directory(on_its_way)) parts.push_back({.folder = on_its_way, .filter = filter});
  return parts;
}

PushJob commit_of_loop_save(const PushTarget& target, const LoopSave& save) {
  return left_job(target, save.commit_message, save.step);
}

std::vector<std::string> replaced_by_loop_save(const fs::path& output_dir, const LoopSave& save,
                                               const std::vector<std::string>& paths,
                                               const SaveSelection& selection) {
  const fs::path on_its_way = saved_loop_model(output_dir);
  const fs::path& model = fs::is_directory(on_its_way) ? on_its_way : output_dir;
  std::vector<std::string> replaced = replaced_by_output(model, paths, selection);
  replaced.insert(replaced.end(), save.replaced.begin(), save.replaced.end());
  return replaced;
}

PushJob hand_over_loop_save(const PushJournal& journal, const PushTarget& target,
                            const LoopSave& save) {
  finish_loop_save(journal.output_dir());
  PushJob job = commit_of_loop_save(target, save);
  job.snapshot = journal.new_snapshot();
  job.card_problem = card_there(journal, target).problem;
  add_output_folder(job, journal.output_dir(), std::nullopt, target.selection);
  job.replaced =
      replaced_by_loop_save(journal.output_dir(), save, job.snapshot.paths(), target.selection);
  journal.remember(job);
  forget_loop_save(journal.output_dir());
  return job;
}

}  // namespace torchhub
