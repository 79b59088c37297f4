#include "server/admin/backup_run.h"
#include "server/repos/repo_label.h"
#include "torchhub/base/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNextRefs = "packed-refs.next";
constexpr const char* kNextLogs = "logs.next";

/// All refs in one file, as git pack-refs would write them without what it adds for speed.
std::string packed_refs(const git::Repository& repository) {
  std::string out;
  for (const auto& [name, id] : repository.ref_ids()) out += fmt::format("{} {}\n", id, name);
  return out;
}

/// "ab/cdef..." and files of packs; not what git is just writing.
bool is_object_file(const fs::path& name) {
  const std::string folder = name.parent_path().string();
  const std::string file = name.filename().string();
  const auto is_hex = [](const std::string& text) {
    return text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  if (folder == "pack") return file.starts_with("pack-");
  constexpr std::size_t kRest = 38;
  return folder.size() == 2 && is_hex(folder) && file.size() == kRest && is_hex(file);
}

/// Below objects/. A pack comes before its index, without which git does not see it.
std::vector<fs::path> object_files(const fs::path& objects) {
  std::vector<fs::path> out;
  std::error_code gone;
  for (const auto& entry : entries_below(objects)) {
    const fs::path name = entry.path().lexically_relative(objects);
    if (is_object_file(name) && entry.is_regular_file(gone)) out.push_back(name);
  }
  std::stable_partition(out.begin(), out.end(),
                        [](const fs::path& name) { return name.extension() != ".idx"; });
  return out;
}

void copy_logs(FileCopier& copier, const fs::path& repository, const fs::path& from,
               const fs::path& to) {
  fs::remove_all(to / kNextLogs);
  make_folders(to / kNextLogs);
  std::error_code gone;
  for (const auto& entry : entries_below(from / "logs")) {
    if (!entry.is_regular_file(gone) || entry.path().extension() == ".lock") continue;
    const fs::path name = entry.path().lexically_relative(from / "logs");
    copier.copy_as(repository / "logs" / name, repository / kNextLogs / name);
  }
}

}  // namespace

bool copy_repository(const AdminHub& hub, FileCopier& copier, const fs::path& to,
                     const std::string& id) {
  const fs::path from = hub.folder.repository(id);
  const fs::path name = from.lexically_relative(hub.folder.root());
  if (!fs::exists(from)) return false;
  make_folders(to / name / "refs");
  make_folders(to / name / "objects");
  const std::string refs = packed_refs(hub.open(from));
  copier.write(name / kNextRefs, refs);
  copy_logs(copier, name, from, to / name);
  for (const fs::path& object : object_files(from / "objects")) {
    copier.place(name / "objects" / object);
  }
  return copier.copy(name / "HEAD") && copier.copy(name / "config");
}

void finish_repository(FileCopier& copier, const fs::path& to, const fs::path& name,
                       const std::string& label) {
  const fs::path repository = to / name;
  // Loose refs of a server that once ran on the copy would win over the packed ones.
  fs::remove_all(repository / "refs");
  make_folders(repository / "refs");
  fs::rename(repository / kNextRefs, repository / "packed-refs");
  fs::remove_all(repository / "logs");
  fs::rename(repository / kNextLogs, repository / "logs");
  copier.write(label_of(name), label);
}

}  // namespace torchhub::server
