#pragma once

#include "torchhub/wire/repo.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// The account that a token belongs to.
struct WhoAmI {
  std::string name;
  std::string fullname = {};
  std::string type = {};        ///< "user", "org" or "app".
  std::string token_name = {};  ///< The token's display name, if it has one.
  std::string token_role = {};  ///< "read", "write", "fineGrained" or empty.
  std::vector<std::string> orgs = {};
};

struct CreateRepoOptions {
  /// Unset: what the owner's settings say, which is public unless an organization has it otherwise.
  std::optional<bool> private_ = std::nullopt;
  /// true: a repository that is there already is as good as a new one, also if the token may not
  /// create one or may only read; auth_check tells whether it may write.
  bool exist_ok = false;
};

enum class RepoAccess { read, write };

/// What HubClient::auth_check learned; a refusal is an exception.
enum class AuthCheck {
  allowed,
  unknown,  ///< This Hub cannot be asked: it does not have the route.
};

struct RepoUrl {
  std::string url;  ///< For a browser and for `git clone`.
  Repo repo;
};

/// A file as a repository's info lists it.
struct RepoSibling {
  std::string path;
  std::optional<std::uint64_t> size = std::nullopt;
  std::string blob_id = {};     ///< git SHA-1, if asked for.
  std::string lfs_sha256 = {};  ///< Empty for a file that lies in git itself.
};

struct RepoInfo {
  RepoId id;
  std::string sha = {};  ///< The commit of the revision that was asked for.
  bool private_ = false;
  bool disabled = false;
  std::string gated = {};  ///< "", "auto" or "manual".
  std::string author = {};
  std::vector<std::string> tags = {};
  std::vector<RepoSibling> siblings = {};
  std::string last_modified = {};  ///< RFC 3339, as the server sent it.
  std::string created_at = {};
  std::string raw = {};  ///< The whole answer, JSON.
};

/// An entry of a repository's tree.
struct RepoTreeEntry {
  enum class Type { file, directory };
  Type type = Type::file;
  std::string path = {};
  std::uint64_t size = 0;       ///< Of the contents, also for LFS files.
  std::string oid = {};         ///< git id of the blob (LFS: of the pointer) or tree.
  std::string lfs_sha256 = {};  ///< Empty for a file that lies in git itself.

  /// What the contents hash to: the SHA-256 of an LFS file, else the git blob id.
  const std::string& content_id() const { return lfs_sha256.empty() ? oid : lfs_sha256; }
};

struct GitRef {
  std::string name;           ///< "main"
  std::string ref = {};       ///< "refs/heads/main"
  std::string target_commit;  ///< 40 hex digits.
};

struct GitRefs {
  std::vector<GitRef> branches = {};
  std::vector<GitRef> tags = {};
  std::vector<GitRef> converts = {};
  std::vector<GitRef> pull_requests = {};
};

struct GitCommit {
  std::string id;
  std::string title = {};
  std::string message = {};  ///< What follows the title.
  std::string date = {};     ///< RFC 3339, as the server sent it.
  std::vector<std::string> authors = {};
};

struct CreateBranchOptions {
  /// Branch, tag or commit to start from; unset: the head of main.
  std::optional<std::string> revision = std::nullopt;
  bool exist_ok = false;
};

struct CreateTagOptions {
  std::string revision = std::string(kDefaultRevision);
  std::string message = {};  ///< Not empty: an annotated tag.
  bool exist_ok = false;
};

struct SquashOptions {
  std::string branch = std::string(kDefaultRevision);
  /// Of the one commit. Unset: "Super-squash branch '<branch>' using torchhub".
  std::optional<std::string> commit_message = std::nullopt;
};

}  // namespace torchhub
