#pragma once

#include "server/git/handles.h"
#include "server/git/memory_objects.h"
#include "server/git/repository.h"
#include "server/store/data_folder.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server::git {

/// Objects on their way into a repository. They lie in memory, and past 32 MiB in a folder of their
/// own, readable beside the repository's, until keep() makes them durable and part of it. Nothing
/// stays without keep().
class ObjectIntake {
 public:
  /// In a new folder below incoming/.
  ObjectIntake(Repository& repository, const DataFolder& data);
  ~ObjectIntake();
  ObjectIntake(const ObjectIntake&) = delete;
  ObjectIntake& operator=(const ObjectIntake&) = delete;

  git_oid write_blob(std::string_view bytes);
  std::string read_blob(const git_oid& oid) const;
  /// An annotated tag of a commit.
  git_oid write_tag(const std::string& name, const std::string& commit, const std::string& message,
                    const git_signature& tagger);
  /// Writes here, reads here and in the repository.
  git_repository* repository() const { return view_.handle(); }
  /// Takes back an object that was only needed to find something out.
  void discard(const git_oid& oid);
  /// @param also_flush files that must be durable when this returns, as the objects are: a disk
  /// takes hardly longer for more at once
  /// @throws DiskFullError, FileError, GitError
  void keep(const std::vector<std::filesystem::path>& also_flush = {});

 private:
  std::vector<std::filesystem::path> spilled() const;
  void keep_loose(const std::vector<std::filesystem::path>& spilled_files,
                  const std::vector<std::filesystem::path>& also_flush);
  void keep_packed(const std::vector<std::filesystem::path>& files);

  Repository& target_;
  const DataFolder& data_;
  std::filesystem::path folder_;
  Repository view_;
  OdbHandle objects_;
  MemoryObjects* memory_ = nullptr;   ///< Owned by objects_.
  git_odb_backend* loose_ = nullptr;  ///< The folder; owned by objects_.
  std::uint64_t bytes_ = 0;           ///< Of all contents written.
};

}  // namespace torchhub::server::git
