#include "server/git/ref_move.h"

#include "server/http/response.h"
#include "server/store/data_folder.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace torchhub::server::git {
namespace {

namespace fs = std::filesystem;

/// @return whether all of it was written; errno says why not
bool write_all(int descriptor, const std::string& text) {
  return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A reflog helps people to find what they lost. It is no part of what was promised, so it is not
/// flushed, and a failure is only noted.
void append(const fs::path& log, const std::string& line) {
  const OpenFile file(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (file.descriptor() >= 0 && write_all(file.descriptor(), line)) return;
  log::warning("reflog_not_written", {{"file", log.string()}, {"error", std::strerror(errno)}});
}

/// "refs/heads/main" of a HEAD that names a branch.
std::string head_target(const Repository& repository) {
  git_reference* raw = nullptr;
  if (git_reference_lookup(&raw, repository.handle(), "HEAD") != 0) return {};
  const ReferenceHandle head(raw);
  const char* target = git_reference_symbolic_target(head.get());
  return target != nullptr ? target : "";
}

}  // namespace

RefMove::RefMove(const Repository& repository, std::string ref)
    : repository_(repository.path()),
      durability_(repository.durability()),
      ref_(std::move(ref)),
      lock_(repository_ / (ref_ + ".lock")) {}

RefMove::RefMove(RefMove&& other) noexcept
    : repository_(std::move(other.repository_)),
      durability_(other.durability_),
      ref_(std::move(other.ref_)),
      lock_(std::exchange(other.lock_, {})),
      log_line_(std::move(other.log_line_)),
      is_head_(other.is_head_) {}

RefMove::~RefMove() {
  if (!lock_.empty()) ::unlink(lock_.c_str());
}

std::optional<RefMove> RefMove::prepare(const Repository& repository, const std::string& ref,
                                        const std::string& expected, const std::string& target,
                                        const std::string& log_message) {
  const fs::path lock = repository.path() / (ref + ".lock");
  make_folders_in(repository.path(), fs::path(ref).parent_path());  // a packed ref has none
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const OpenFile file(::open(lock.c_str(), kFlags, 0644));
  if (file.descriptor() < 0 && errno == EEXIST) return std::nullopt;
  if (file.descriptor() < 0) throw_file_error("create", lock, errno);
  RefMove move(repository, ref);  // from here on it removes the lock
  if (repository.ref_id(ref) != expected) return std::nullopt;
  if (!write_all(file.descriptor(), target + "\n")) throw_file_error("write", lock, errno);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  move.log_line_ = fmt::format("{} {} torchhub <torchhub@localhost> {} +0000\t{}\n", expected,
                               target, now, log_message);
  move.is_head_ = head_target(repository) == ref;
  return move;
}

void RefMove::commit() {
  const fs::path place = repository_ / ref_;
  append(repository_ / "logs" / ref_, log_line_);
  if (is_head_) append(repository_ / "logs" / "HEAD", log_line_);
  if (::rename(lock_.c_str(), place.c_str()) != 0) throw_file_error("create", place, errno);
  lock_.clear();
  if (durability_ == Durability::full) sync_folder(place.parent_path());
}

}  // namespace torchhub::server::git
