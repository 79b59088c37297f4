#pragma once

#include "server/git/repository.h"

#include <filesystem>
#include <optional>
#include <string>

namespace torchhub::server::git {

/// A ref on its way to another commit, under git's own lock, in two steps: the new value is flushed
/// together with the objects that it names, so that a commit waits for the disk three times and
/// not fourteen. libgit2 would flush the reflogs too, and each thing after the other.
class RefMove {
 public:
  /// Takes the lock and writes the new value beside the ref. Nothing if the ref is not at
  /// `expected` any more, or somebody else holds the lock. @throws FileError, DiskFullError
  static std::optional<RefMove> prepare(const Repository& repository, const std::string& ref,
                                        const std::string& expected, const std::string& target,
                                        const std::string& log_message);
  ~RefMove();
  RefMove(RefMove&& other) noexcept;
  RefMove& operator=(RefMove&&) = delete;

  /// What is to be flushed before commit().
  const std::filesystem::path& file() const { return lock_; }
  /// The ref moves, durably. @throws FileError
  void commit();

 private:
  RefMove(const Repository& repository, std::string ref);

  std::filesystem::path repository_;
  Durability durability_;
  std::string ref_;
  std::filesystem::path lock_;  ///< Empty once it is gone.
  std::string log_line_ = {};
  bool is_head_ = false;
};

}  // namespace torchhub::server::git
