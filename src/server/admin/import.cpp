#include "server/admin/admin_hub.h"
#include "server/admin/tar.h"
#include "server/git/program.h"
#include "server/git/reachable.h"
#include "server/http/api_error.h"
#include "server/lfs/object_store.h"
#include "server/repos/adopt.h"
#include "server/repos/repo_label.h"
#include "server/store/object_guard.h"
#include "server/store/rows.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/archive.h"
#include "torchhub/server/repositories.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{256} << 20;
constexpr std::chrono::hours kRequestPatience{24};

struct Manifest {
  Repo repo;
  bool private_ = true;
  std::int64_t created = 0;
  LfsPointer bundle;  ///< SHA-256 and size.
  std::vector<LfsPointer> objects = {};
};

LfsPointer pointer_in(const json& entry, const char* hash) {
  LfsPointer out{entry.at(hash).get<std::string>(), entry.at("size").get<std::uint64_t>()};
  if (!is_lfs_oid(out.oid)) throw ArchiveError("The manifest names something that is no SHA-256.");
  return out;
}

Manifest read_manifest(server::TarReader& tar, const fs::path& file) {
  const auto entry = tar.next();
  if (!entry || entry->name != "manifest.json") {
    throw ArchiveError(fmt::format("'{}' is no archive of a repository.", file.string()));
  }
  const std::string text = tar.read_all(kMaxManifestBytes);
  const auto check = tar.next();
  if (!check || check->name != "manifest.sha256" || tar.read_all(text.size()) != sha256_hex(text)) {
    throw ArchiveError(fmt::format("The manifest of '{}' was changed.", file.string()));
  }
  try {
    const json said = json::parse(text);
    if (said.at("format") != 1) {
      throw ArchiveError(fmt::format(
          "'{}' was written by a newer torchhub. Use that one to read it.", file.string()));
    }
    Manifest out{{RepoId::parse(said.at("name").get<std::string>()),
                  parse_repo_type(said.at("type").get<std::string>())},
                 said.at("private").get<bool>(),
                 said.at("created").get<std::int64_t>(),
                 pointer_in(said.at("bundle"), "sha256")};
    for (const json& object : said.at("objects")) out.objects.push_back(pointer_in(object, "oid"));
    return out;
  } catch (const json::exception& error) {
    throw ArchiveError(
        fmt::format("The manifest of '{}' cannot be read: {}", file.string(), error.what()));
  } catch (const InvalidArgumentError& error) {
    throw ArchiveError(
        fmt::format("The manifest of '{}' cannot be: {}", file.string(), error.what()));
  }
}

class Import {
 public:
  Import(const fs::path& data_dir, const fs::path& file, const ImportOptions& options)
      : hub_(data_dir, options.durability, options.clock),
        guard_(server::ObjectGuard::shared(hub_.folder.root())),
        file_(file),
        tar_(file),
        manifest_(read_manifest(tar_, file)),
        id_(random_hex(12)),
        room_(hub_.folder.incoming() / (id_ + ".import")) {
    if (options.as) manifest_.repo.id = *options.as;
  }
  ~Import() {
    std::error_code ignored;
    fs::remove_all(room_, ignored);
  }
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;

  ArchiveReport run() {
    check_name();
    make_folders(room_);
    take_bundle();
    for (const LfsPointer& object : manifest_.objects) take_object(object);
    make_repository();
    const std::uint64_t refs = check_repository();
    publish();
    return {manifest_.repo, refs, manifest_.objects.size(), fs::file_size(file_)};
  }

 private:
  void check_name() {
    const RepoId& id = manifest_.repo.id;
    if (const auto problem = server::problem_of_new_name(id.name)) {
      throw InvalidArgumentError(
          fmt::format("'{}' cannot be a repository's name: {}.", id.str(), *problem));
    }
    const auto owner = hub_.accounts.find(id.owner);
    if (!owner) {
      throw RepositoryAdminError(fmt::format(
          "There is no account '{}'. Make it, or give the repository another name.", id.owner));
    }
    owner_ = owner->id;
    if (hub_.repos.find(manifest_.repo.type, id)) refuse_taken();
  }

  [[noreturn]] void refuse_taken() const {
    throw RepositoryAdminError(fmt::format(
        "There is already a {} '{}'.", to_string(manifest_.repo.type), manifest_.repo.id.str()));
  }

  void need_entry(const std::string& name, std::uint64_t size) {
    const auto entry = tar_.next();
    if (entry && entry->name == name && entry->size == size) return;
    throw ArchiveError(
        fmt::format("'{}' does not go on with '{}' of {} bytes, as its manifest says.",
                    file_.string(), name, size));
  }

  [[noreturn]] void refuse_bytes(const std::string& name) const {
    throw ArchiveError(
        fmt::format("'{}' in '{}' was changed: its SHA-256 is another one.", name, file_.string()));
  }

  void take_bundle() {
    need_entry("repo.bundle", manifest_.bundle.size);
    AtomicFile out(room_ / "repo.bundle");
    Digest digest(Digest::Algorithm::sha256);
    for (auto bytes = tar_.read(); !bytes.empty(); bytes = tar_.read()) {
      out.write(std::as_bytes(bytes));
      digest.update(std::as_bytes(bytes));
    }
    if (digest.hex() != manifest_.bundle.oid) refuse_bytes("repo.bundle");
    out.commit();
  }

  /// Also of what is here already: somebody else's object is only for who has its bytes.
  void check_entry(const std::string& name, const std::string& oid) {
    Digest digest(Digest::Algorithm::sha256);
    for (auto bytes = tar_.read(); !bytes.empty(); bytes = tar_.read()) {
      digest.update(std::as_bytes(bytes));
    }
    if (digest.hex() != oid) refuse_bytes(name);
  }

  void take_object(const LfsPointer& object) {
    const std::string name = "lfs/" + object.oid;
    need_entry(name, object.size);
    const server::FaultPoint none;
    const server::ObjectStore store(hub_.folder, hub_.durability, none);
    if (store.size(object.oid) == object.size) return check_entry(name, object.oid);
    server::ObjectStore::Upload upload(store, object);
    for (auto bytes = tar_.read(); !bytes.empty(); bytes = tar_.read()) {
      upload.write(std::as_bytes(bytes));
    }
    try {
      upload.commit();
    } catch (const server::ApiError&) {
      refuse_bytes(name);
    }
  }

  fs::path made() const { return room_ / "repo.git"; }

  void make_repository() {
    server::git::Repository::create(made());
    server::git::Program git(1, kRequestPatience);
    if (git.problem()) throw Error(*git.problem());
    try {
      git.output({.arguments = {"-C", made().string(), "fetch", "--quiet", "--no-tags",
                                (room_ / "repo.bundle").string(), "refs/heads/*:refs/heads/*",
                                "refs/tags/*:refs/tags/*"}},
                 {});
    } catch (const Error&) {
      throw ArchiveError(fmt::format("git does not take the commits of '{}'.", file_.string()));
    }
  }

  /// @return how many refs it has
  std::uint64_t check_repository() const {
    const server::git::Repository repository = hub_.open(made());
    const auto found = server::git::walk_reachable(repository, server::git::Depth::contents);
    if (!found.problems.empty()) throw ArchiveError(found.problems.front());
    std::map<std::string, std::uint64_t> sizes;
    for (const LfsPointer& object : manifest_.objects) sizes[object.oid] = object.size;
    for (const auto& [oid, use] : found.pointers) {
      const auto size = sizes.find(oid);
      if (size != sizes.end() && size->second == use.object.size) continue;
      if (!use.at_a_tip) continue;  // the hub that it comes from had lost it, too
      throw ArchiveError(
          fmt::format("'{}' does not have the object of '{}'.", file_.string(), use.path));
    }
    return repository.ref_ids().size();
  }

  void publish() {
    server::sync_tree_if(hub_.durability, made());
    auto connection = hub_.database.lease();
    server::WriteTransaction transaction(*connection);
    std::size_t lost = 0;
    const auto why_not =
        server::adopt_repo(*connection, label(*connection), server::MissingAccount::refuse, lost);
    if (why_not) refuse_taken();
    // As a restored repository: the folder before the row, so that none is seen without the other.
    const fs::path place = hub_.folder.repository(id_);
    make_folders(place.parent_path());
    fs::rename(made(), place);
    server::sync_folder_if(hub_.durability, place.parent_path());
    server::sync_folder_if(hub_.durability, place.parent_path().parent_path());
    for (const LfsPointer& object : manifest_.objects) {
      connection->run("INSERT INTO repo_lfs(repo, oid, size, created) VALUES(?,?,?,?)", id_,
                      object.oid, static_cast<std::int64_t>(object.size),
                      server::to_milliseconds(hub_.now()));
    }
    server::write_event(*connection, hub_.now(),
                        {server::events::kRepoCreated,
                         {},
                         id_,
                         {{"repo", manifest_.repo.web_path()}, {"from", "an archive"}}});
    transaction.commit();
    write_file_atomically(server::label_of(place),
                          server::make_label(*connection, id_).dump(1) + "\n");
  }

  json label(server::Connection& connection) const {
    const json owner = server::row_as_json(connection, "account", owner_);
    return {{"format", 1},
            {"owner", owner},
            {"creator", owner},
            {"repo",
             {{"id", id_},
              {"type", to_string(manifest_.repo.type)},
              {"name", manifest_.repo.id.name},
              {"private", manifest_.private_ ? 1 : 0},
              {"created", manifest_.created},
              {"modified", server::to_milliseconds(hub_.now())}}}};
  }

  server::AdminHub hub_;
  server::ObjectGuard guard_;
  fs::path file_;
  server::TarReader tar_;
  Manifest manifest_;
  std::string id_;
  fs::path room_;
  std::string owner_ = {};
};

}  // namespace

ArchiveReport import_repository(const fs::path& data_dir, const fs::path& file,
                                const ImportOptions& options) {
  return Import(data_dir, file, options).run();
}

}  // namespace torchhub
