#include "server/admin/admin_hub.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// What lies `levels` folders below `root`, files that stand in their way included. A server may
/// take things away meanwhile.
void add_below(const fs::path& root, int levels, std::vector<fs::path>& out) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(root, gone)) {
    if (levels > 0 && entry.is_directory(gone)) {
      add_below(entry.path(), levels - 1, out);
    } else {
      out.push_back(entry.path());
    }
  }
}

std::vector<fs::path> all_below(const fs::path& root, int levels) {
  std::vector<fs::path> out;
  add_below(root, levels, out);
  std::sort(out.begin(), out.end());
  return out;
}

const fs::path& checked(const fs::path& data_dir) {
  need_data_folder(data_dir);
  if (fs::exists(data_dir / "hub.db")) return data_dir;
  throw Error(fmt::format(
      "'{}' has no database. If it is lost, 'torchhub admin fsck --rebuild' makes a new one from "
      "the repositories.",
      (data_dir / "hub.db").string()));
}

}  // namespace

void need_data_folder(const fs::path& path) {
  if (fs::exists(path / "FORMAT")) {
    if (!read_file(path / "FORMAT").starts_with("0 ")) return;
    throw Error(
        fmt::format("'{}' is a backup that did not end. Make it once more.", path.string()));
  }
  throw Error(fmt::format(
      "'{}' is no data folder of a hub: it has no file FORMAT. Name the folder with --data.",
      path.string()));
}

AdminHub::AdminHub(const fs::path& data_dir, Durability how, std::shared_ptr<const Clock> time)
    : clock(std::move(time)),
      durability(how),
      folder(checked(data_dir)),
      database(folder.database(), durability),
      accounts(database, *clock),
      repos(database, *clock),
      repo_objects(database, *clock),
      offers(database, *clock) {}

git::Repository AdminHub::open(const fs::path& repository) const {
  const fs::path config = folder.git_config();
  // No server has run here yet, as after a restore by hand.
  return {repository, fs::exists(config) ? config : fs::path("/dev/null"), durability};
}

std::vector<fs::path> AdminHub::repository_folders() const {
  return all_below(folder.root() / "repos", 1);
}

std::vector<fs::path> AdminHub::object_files() const { return all_below(folder.root() / "lfs", 2); }

std::vector<fs::directory_entry> entries_below(const fs::path& root) {
  std::vector<fs::directory_entry> out;
  std::vector<fs::path> open = {root};
  while (!open.empty()) {
    std::error_code gone;
    fs::directory_iterator entry(open.back(), gone);
    open.pop_back();
    for (; !gone && entry != fs::directory_iterator(); entry.increment(gone)) {
      std::error_code ignored;
      if (entry->is_directory(ignored) && !entry->is_symlink(ignored))
        open.push_back(entry->path());
      out.push_back(*entry);
    }
  }
  return out;
}

std::string id_of_folder(const fs::path& repository) {
  constexpr std::size_t kIdLength = 24;
  const std::string id = repository.stem().string();
  const bool named = repository.extension() == ".git" && id.size() == kIdLength &&
                     id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return named && repository.parent_path().filename() == id.substr(0, 2) ? id : "";
}

std::string shown(const RepoRow& repo) {
  return fmt::format("{} {}", to_string(repo.type), repo.full_name());
}

}  // namespace torchhub::server
