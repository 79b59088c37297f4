#pragma once

#include "server/git/handles.h"
#include "server/git/program.h"
#include "server/git/repository.h"
#include "server/push/spool.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub::server {

/// An object that a push is about.
struct PushedObject {
  git_oid id = {};
  std::string path = {};  ///< Where it lies in some commit; empty for a commit, or if unknown.
};

/// The objects of a push before anybody has said yes to them: in a folder of their own below
/// incoming/, readable beside the repository's. Nothing stays without keep().
class Quarantine {
 public:
  Quarantine(git::Program& program, git::Repository& repository, const DataFolder& data);
  ~Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  /// Has git read the pack, which checks each object and that what they point to is there.
  /// @throws Refusal for a pack that git does not take, or of more than `max_objects`
  void unpack(const Spool& pack, std::uint64_t max_objects, std::stop_token stop);
  /// What came in the pack and what `tips` lead to that no ref of the repository leads to, each
  /// once. @throws Refusal if something is missing there
  std::vector<PushedObject> objects(const std::vector<std::string>& tips, std::uint64_t max_objects,
                                    std::stop_token stop);
  /// The repository with the objects of the push.
  git::Repository& view() { return view_; }
  /// Makes what came in the pack durable and part of the repository.
  /// @throws DiskFullError, FileError, GitError
  void keep();

 private:
  std::unique_ptr<BodySource> start(std::vector<std::string> arguments,
                                    std::shared_ptr<const OpenFile> input,
                                    git::ProcessLimits limits, std::stop_token stop);
  std::string errors() const;
  void open_pack();
  void keep_loose();
  void keep_pack();

  git::Program& program_;
  git::Repository& repository_;
  const DataFolder& data_;
  std::filesystem::path folder_;
  git::Repository view_;
  git::OdbHandle objects_;
  std::shared_ptr<const OpenFile> errors_ = nullptr;  ///< What the last git complained of.
  std::filesystem::path index_ = {};                  ///< Of the pack; empty if nothing came.
  std::vector<git_oid> packed_ = {};                  ///< What is in it, in order of ids.
};

}  // namespace torchhub::server
