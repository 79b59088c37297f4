#pragma once

#include "server/git/repository.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace torchhub::server::git {

/// An LFS pointer that some commit has.
struct PointerUse {
  LfsPointer object = {};
  std::string path = {};  ///< Of one file that has it.
  bool at_a_tip = false;  ///< Of a branch or tag, not only in its history.
};

/// What the refs and reflogs of a repository lead to.
struct Reachable {
  std::map<std::string, PointerUse> pointers = {};  ///< By oid.
  std::uint64_t objects = 0;                        ///< Commits, trees, blobs and tags looked at.
  std::vector<std::string> problems = {};  ///< What is missing or damaged, a sentence each.
};

enum class Depth {
  pointers,  ///< Reads commits, trees and small blobs; of others, that they are there.
  contents   ///< Reads every blob, and so checks its hash.
};

/// Walks everything once. Damage is noted and walked around, never thrown.
/// @throws GitError only if the refs themselves cannot be listed
Reachable walk_reachable(const Repository& repository, Depth depth);

/// Does a ref, as it is now, lead to the commit? Cheap for what one is at.
bool is_reachable(const Repository& repository, const std::string& commit);

/// What `commit` leads to, but for the commits that a ref leads to: their trees may be looked at
/// where others have them, too. Damage as with walk_reachable(), but @throws GitError for that of a
/// commit
Reachable walk_beyond_refs(const Repository& repository, const std::string& commit);

}  // namespace torchhub::server::git
