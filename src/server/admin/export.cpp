#include "server/admin/admin_hub.h"
#include "server/admin/tar.h"
#include "server/git/program.h"
#include "server/git/reachable.h"
#include "server/store/object_guard.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/archive.h"
#include "torchhub/server/repositories.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A file that goes away with its scope.
struct Scratch {
  explicit Scratch(fs::path p) : path(std::move(p)) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path path;
};

/// git says nothing while it packs, which takes hours at worst.
constexpr std::chrono::hours kPatience{24};

/// With HEAD, if there is a main branch: 'git clone' checks out nothing of a bundle without.
void write_bundle(const fs::path& repository, bool has_main, const fs::path& file) {
  server::git::Program git(1, kPatience);
  if (git.problem()) throw Error(*git.problem());
  std::vector<std::string> arguments = {"-C", repository.string(), "bundle", "create", "--quiet",
                                        "-",  "--branches",        "--tags"};
  if (has_main) arguments.push_back("HEAD");
  std::ofstream out(file, std::ios::binary);
  const auto source = git.run({.arguments = arguments}, {});
  std::array<char, std::size_t{64} << 10> room;
  while (const std::size_t count = source->read(room)) {
    out.write(room.data(), static_cast<std::streamsize>(count));
  }
  out.close();
  if (!out) throw_file_error("write", file, errno);
}

/// What the commits name and the store has. The newest versions must be whole.
std::vector<LfsPointer> objects_of(const server::AdminHub& hub, const server::RepoRow& row,
                                   const fs::path& repository) {
  const auto found =
      server::git::walk_reachable(hub.open(repository), server::git::Depth::pointers);
  if (!found.problems.empty()) throw Error(found.problems.front());
  std::vector<LfsPointer> out;
  for (const auto& [oid, use] : found.pointers) {
    std::error_code missing;
    if (fs::file_size(hub.folder.object(oid), missing) == use.object.size && !missing) {
      out.push_back(use.object);
    } else if (use.at_a_tip) {
      throw Error(
          fmt::format("The object of '{}' in {} is not in the store. Run 'torchhub admin "
                      "fsck'.",
                      use.path, server::shown(row)));
    }
  }
  return out;
}

json manifest_of(const server::RepoRow& row, const fs::path& bundle,
                 const std::vector<LfsPointer>& objects) {
  json list = json::array();
  for (const LfsPointer& object : objects) {
    list.push_back({{"oid", object.oid}, {"size", object.size}});
  }
  return {{"format", 1},
          {"type", to_string(row.type)},
          {"name", row.full_name()},
          {"private", row.private_},
          {"created", server::to_milliseconds(row.created)},
          {"bundle", {{"size", fs::file_size(bundle)}, {"sha256", sha256_hex_of_file(bundle)}}},
          {"objects", std::move(list)}};
}

}  // namespace

ArchiveReport export_repository(const fs::path& data_dir, const Repo& repo, const fs::path& file) {
  const server::AdminHub hub(data_dir, Durability::full, system_clock());
  const auto row = hub.repos.find(repo.type, repo.id);
  if (!row) {
    throw RepositoryAdminError(fmt::format("There is no {} '{}' in '{}'.", to_string(repo.type),
                                           repo.id.str(), data_dir.string()));
  }
  const auto guard = server::ObjectGuard::shared(hub.folder.root());
  const fs::path repository = hub.folder.repository(row->id);
  const std::string mark = ".tmp-" + random_hex(4);
  const Scratch bundle(file.string() + ".bundle" + mark);
  const Scratch beside(file.string() + mark);
  write_bundle(repository, hub.open(repository).ref_target("refs/heads/main").has_value(),
               bundle.path);
  // After the bundle, so that each of its commits is among those looked at.
  const std::vector<LfsPointer> objects = objects_of(hub, *row, repository);
  server::TarWriter tar(beside.path);
  const std::string manifest = manifest_of(*row, bundle.path, objects).dump(1) + "\n";
  tar.add("manifest.json", manifest);
  tar.add("manifest.sha256", sha256_hex(manifest));
  tar.add_file("repo.bundle", bundle.path);
  for (const LfsPointer& object : objects) {
    tar.add_file("lfs/" + object.oid, hub.folder.object(object.oid));
  }
  const std::uint64_t bytes = tar.close();
  fs::rename(beside.path, file);
  server::sync_folder_if(Durability::full, fs::absolute(file).parent_path());
  return {row->repo(), hub.open(repository).ref_ids().size(), objects.size(), bytes};
}

}  // namespace torchhub
