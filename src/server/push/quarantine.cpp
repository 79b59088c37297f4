#include "server/push/quarantine.h"

#include "server/push/refusal.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>
#include <git2/odb_backend.h>
#include <git2/sys/repository.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <set>
#include <span>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// More objects than this stay in their pack, as with a commit over HTTP (object_intake.cpp).
constexpr std::size_t kMaxLooseObjects = 64;
/// Of processor time for unpacking, and as much again for each of kBytesASecond. A pack of a few
/// bytes can stand for terabytes.
constexpr std::chrono::seconds kMinProcessorTime{60};
constexpr std::uint64_t kBytesASecond = std::uint64_t{4} << 20;
constexpr std::size_t kPackHeaderBytes = 12;
constexpr std::size_t kMaxErrorBytes = 2000;
/// "<id> <path>" in git's list.
constexpr std::size_t kPathAt = GIT_OID_HEXSZ + 1;
constexpr std::size_t kMaxAnswerLineBytes = kPathAt + 1100;

/// How many objects the pack says it has (git's gitformat-pack).
std::uint64_t object_count(const Spool& pack) {
  std::array<unsigned char, kPackHeaderBytes> head{};
  const ssize_t count = ::pread(pack.file()->descriptor(), head.data(), head.size(), 0);
  const std::string_view magic(reinterpret_cast<const char*>(head.data()), 4);
  if (count != static_cast<ssize_t>(head.size()) || magic != "PACK") {
    throw Refusal("no pack", {"The push ends before its pack, or what follows is no pack."});
  }
  std::uint64_t objects = 0;
  for (std::size_t i = 8; i < head.size(); ++i) objects = objects * 256 + head[i];
  return objects;
}

Refusal too_many(std::uint64_t max_objects) {
  return {"too many objects",
          {fmt::format("A push may bring {} new files, folders and commits. Push older commits "
                       "first: 'git push origin COMMIT:refs/heads/main'.",
                       max_objects)}};
}

[[noreturn]] void refuse_failure(const git::GitFailed& failed, const std::string& errors) {
  if (errors.find("No space left on device") != std::string::npos) {
    throw DiskFullError("The server's disk is full.", {});
  }
  if (failed.signal() == SIGXCPU || failed.signal() == SIGKILL || failed.signal() == SIGXFSZ ||
      errors.find("ut of memory") != std::string::npos) {
    throw Refusal("too large to unpack",
                  {"The push takes too much time, memory or space to unpack. Push fewer commits at "
                   "once, and large files by git-lfs."});
  }
  std::vector<std::string> lines = {"git does not take what was pushed:"};
  for (std::size_t start = 0; start < errors.size();) {
    const std::size_t end = std::min(errors.find('\n', start), errors.size());
    lines.push_back("  " + errors.substr(start, end - start));
    start = end + 1;
  }
  throw Refusal("git does not take it", std::move(lines));
}

using ObjectBytes = std::unique_ptr<git_odb_object, git::Release<&git_odb_object_free>>;

int add_id(const git_oid* id, void* ids) {
  static_cast<std::vector<git_oid>*>(ids)->push_back(*id);
  return 0;
}

struct ById {
  bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_cmp(&a, &b) < 0; }
};

/// For a list between colons (git's environment variables): paths may hold colons, too.
std::string quoted_path(const std::string& path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// Calls `take` for each line, or for its beginning where it is longer than any path can be.
void for_each_line(BodySource& source, const std::function<void(std::string_view)>& take) {
  std::array<char, 1 << 16> room;
  std::string line;
  const auto add = [&](std::string_view piece) {
    line += piece.substr(0, kMaxAnswerLineBytes - line.size());
  };
  while (const std::size_t count = source.read(room)) {
    std::string_view rest(room.data(), count);
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      add(rest.substr(0, end));
      take(line);
      line.clear();
      rest.remove_prefix(end + 1);
    }
    add(rest);
  }
}

}  // namespace

Quarantine::Quarantine(git::Program& program, git::Repository& repository, const DataFolder& data)
    : program_(program),
      repository_(repository),
      data_(data),
      folder_(data.incoming() / random_hex(12)),
      view_(repository.reopened()) {
  make_folders(folder_ / "pack");
  objects_ = git::made<git::OdbHandle>("open a push", git_odb_open, folder_.c_str());
  git::check(git_odb_add_disk_alternate(objects_.get(), (repository.path() / "objects").c_str()),
             "open a push");
  git::check(git_repository_set_odb(view_.handle(), objects_.get()), "open a push");
}

Quarantine::~Quarantine() {
  std::error_code ignored;  // what stays is removed at the next start
  fs::remove_all(folder_, ignored);
}

std::unique_ptr<BodySource> Quarantine::start(std::vector<std::string> arguments,
                                              std::shared_ptr<const OpenFile> input,
                                              git::ProcessLimits limits, std::stop_token stop) {
  // In memory, since the disk may be what is wrong.
  errors_ = std::make_shared<OpenFile>(::memfd_create("what git complains of", MFD_CLOEXEC));
  if (errors_->descriptor() < 0) throw_file_error("create", "a file in memory", errno);
  const fs::path& repository = repository_.path();
  return program_.run(
      {.arguments = std::move(arguments),
       .input = std::move(input),
       .variables = {"GIT_DIR=" + repository.string(), "GIT_OBJECT_DIRECTORY=" + folder_.string(),
                     "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + quoted_path(repository / "objects")},
       .errors = errors_,
       .limits = limits},
      std::move(stop));
}

std::string Quarantine::errors() const {
  std::array<char, kMaxErrorBytes> text;
  const ssize_t count = ::pread(errors_->descriptor(), text.data(), text.size(), 0);
  return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

void Quarantine::unpack(const Spool& pack, std::uint64_t max_objects, std::stop_token stop) {
  const std::uint64_t count = object_count(pack);
  if (count > max_objects) throw too_many(max_objects);
  if (count == 0) return;  // the ref moves to what is there
  const git::ProcessLimits limits{
      .processor_time = kMinProcessorTime + std::chrono::seconds(pack.size() / kBytesASecond),
      // What deltas build on is added to it.
      .file_bytes = 2 * pack.size() + (std::uint64_t{1} << 30)};
  try {
    const auto source = start({"index-pack", "--stdin", "--fix-thin", "--strict"}, pack.file(),
                              limits, std::move(stop));
    for_each_line(*source, [](std::string_view) {});
  } catch (const git::GitFailed& failed) {
    refuse_failure(failed, errors());
  }
  open_pack();
}

void Quarantine::open_pack() {
  for (const auto& entry : fs::directory_iterator(folder_ / "pack")) {
    if (entry.path().extension() == ".idx") index_ = entry.path();
  }
  git::check(git_odb_refresh(objects_.get()), "open a push");
  const auto pack = git::made<git::OdbHandle>("open a push", git_odb_new);
  git_odb_backend* backend = nullptr;
  git::check(git_odb_backend_one_pack(&backend, index_.c_str()), "open a push");
  git::check(git_odb_add_backend(pack.get(), backend, 1), "open a push");
  git::check(git_odb_foreach(pack.get(), &add_id, &packed_), "list what was pushed");
  std::sort(packed_.begin(), packed_.end(), ById());
}

std::vector<PushedObject> Quarantine::objects(const std::vector<std::string>& tips,
                                              std::uint64_t max_objects, std::stop_token stop) {
  Spool input(data_);
  for (const std::string& tip : tips) {
    const std::string line = tip + "\n";
    input.write(std::as_bytes(std::span(line)));
  }
  std::vector<PushedObject> out;
  std::set<git_oid, ById> others(packed_.begin(), packed_.end());
  try {
    const auto source = start({"rev-list", "--objects", "--stdin", "--not", "--all"}, input.file(),
                              {.processor_time = kMinProcessorTime}, std::move(stop));
    for_each_line(*source, [&](std::string_view line) {
      if (out.size() == max_objects) throw too_many(max_objects);
      const git_oid id = git::parse_oid(line.substr(0, GIT_OID_HEXSZ));
      out.push_back({id, std::string(line.substr(std::min(line.size(), kPathAt)))});
      others.erase(id);
    });
  } catch (const git::GitFailed& failed) {
    refuse_failure(failed, errors());
  }
  const auto own =
      git::made<git::OdbHandle>("open the objects", git_repository_odb, repository_.handle());
  for (const git_oid& id : others) {
    // A thin pack's deltas build on objects of ours, which git has added to it.
    if (git_odb_exists_ext(own.get(), &id, GIT_ODB_LOOKUP_NO_REFRESH) == 0) out.push_back({id});
  }
  return out;
}

void Quarantine::keep() {
  if (packed_.empty()) return;
  if (packed_.size() > kMaxLooseObjects) {
    keep_pack();
  } else {
    keep_loose();
  }
}

void Quarantine::keep_loose() {
  const auto into =
      git::made<git::OdbHandle>("open the objects", git_repository_odb, repository_.handle());
  for (const git_oid& id : packed_) {
    const auto object = git::made<ObjectBytes>("read an object", git_odb_read, objects_.get(), &id);
    git_oid same;
    // libgit2 flushes the file and its folder, as core.fsyncObjectFiles in our settings says.
    git::check(git_odb_write(&same, into.get(), git_odb_object_data(object.get()),
                             git_odb_object_size(object.get()), git_odb_object_type(object.get())),
               "write an object");
  }
  sync_folder_if(repository_.durability(), repository_.path() / "objects");  // has new folders
}

void Quarantine::keep_pack() {
  const fs::path into = repository_.path() / "objects" / "pack";
  // The index last: with it the pack is there for all.
  for (const char* extension : {".pack", ".rev", ".idx"}) {
    const fs::path file = fs::path(index_).replace_extension(extension);
    if (!fs::exists(file)) continue;  // a git that writes no .rev
    if (repository_.durability() == Durability::full) sync_file(file);
    const fs::path place = into / file.filename();
    if (::rename(file.c_str(), place.c_str()) != 0) throw_file_error("create", place, errno);
  }
  sync_folder_if(repository_.durability(), into);
}

}  // namespace torchhub::server
