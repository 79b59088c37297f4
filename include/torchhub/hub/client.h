#pragma once

#include "torchhub/hub/commit.h"
#include "torchhub/hub/download.h"
#include "torchhub/hub/options.h"
#include "torchhub/hub/repo_info.h"
#include "torchhub/wire/repo.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// The Hub as an object: one endpoint, one account, one cache. Copies are cheap handles on the same
/// connections. Every call is safe from several threads, blocks its caller, and ends early with
/// CancelledError when `stop` is requested.
///
/// Every call may throw HubHttpError, BadAnswerError (errors.h), ConnectionError and
/// OfflineModeIsEnabled. Calls that change something throw LocalTokenNotFoundError before any
/// request if there is no token.
class HubClient {
 public:
  /// @throws InvalidArgumentError that lists every field that is wrong
  explicit HubClient(HubOptions options);

  const HubOptions& options() const;
  /// The web page of a repository, which is also its git remote.
  std::string url_of(const Repo& repo) const;

  // -- account and repositories ------------------------------------------------------------------

  WhoAmI whoami(std::stop_token stop = {}) const;
  /// An id without an owner means the token's own account. @throws ConflictError if it exists
  RepoUrl create_repo(const Repo& repo, const CreateRepoOptions& options = {},
                      std::stop_token stop = {}) const;
  /// Asks whether the token may read, or write to, a repository, before hours of work depend on it.
  /// Changes nothing; `write` needs a token all the same.
  /// @throws RepositoryNotFoundError, GatedRepoError, UnauthorizedError, ForbiddenError if not
  AuthCheck auth_check(const Repo& repo, RepoAccess access = RepoAccess::read,
                       std::stop_token stop = {}) const;
  void delete_repo(const Repo& repo, std::stop_token stop = {}) const;
  bool repo_exists(const Repo& repo, std::stop_token stop = {}) const;
  /// @throws RepositoryNotFoundError, RevisionNotFoundError
  RepoInfo repo_info(const Repo& repo, const std::string& revision = std::string(kDefaultRevision),
                     std::stop_token stop = {}) const;

  // -- branches, tags, history -------------------------------------------------------------------

  GitRefs list_repo_refs(const Repo& repo, std::stop_token stop = {}) const;
  /// Newest first. @param limit at most so many; 0: all
  std::vector<GitCommit> list_repo_commits(
      const Repo& repo, const std::string& revision = std::string(kDefaultRevision),
      std::size_t limit = 0, std::stop_token stop = {}) const;
  void create_branch(const Repo& repo, const std::string& branch,
                     const CreateBranchOptions& options = {}, std::stop_token stop = {}) const;
  void delete_branch(const Repo& repo, const std::string& branch, std::stop_token stop = {}) const;
  void create_tag(const Repo& repo, const std::string& tag, const CreateTagOptions& options = {},
                  std::stop_token stop = {}) const;
  /// Makes what the branch has now its one commit. The history is lost for good, and with it what
  /// another branch needs to be merged with this one. @throws RevisionNotFoundError;
  /// BadRequestError for what is no branch
  void super_squash_history(const Repo& repo, const SquashOptions& options = {},
                            std::stop_token stop = {}) const;
  void delete_tag(const Repo& repo, const std::string& tag, std::stop_token stop = {}) const;

  // -- contents ----------------------------------------------------------------------------------

  /// Every file and folder, depth first. @param path a folder to start at; empty: the root
  std::vector<RepoTreeEntry> list_repo_tree(
      const Repo& repo, const std::string& revision = std::string(kDefaultRevision),
      const std::string& path = {}, bool recursive = true, std::stop_token stop = {}) const;
  bool file_exists(const Repo& repo, const std::string& path,
                   const std::string& revision = std::string(kDefaultRevision),
                   std::stop_token stop = {}) const;

  /// Asks the Hub to judge the metadata of a README.md. Changes nothing; needs no token.
  /// @return its warnings, logged too; none where this Hub has no such route
  /// @throws BadRequestError with the Hub's words if it would refuse the card
  std::vector<std::string> validate_yaml(const std::string& readme, RepoType type = RepoType::model,
                                         std::stop_token stop = {}) const;

  // -- downloads into the cache ------------------------------------------------------------------

  /// @return the file's place in the cache; do not change the file
  /// @throws RemoteEntryNotFoundError, RevisionNotFoundError, RepositoryNotFoundError;
  /// LocalEntryNotFoundError if the Hub cannot be asked and the cache does not have it;
  /// CorruptDownloadError, DiskFullError, FileError
  std::filesystem::path hub_download(const Repo& repo, const std::string& filename,
                                     const DownloadOptions& options = {},
                                     std::stop_token stop = {}) const;
  /// @return the folder of that commit in the cache, which holds every file that the filter takes
  /// @throws as hub_download, and IncompleteSnapshotError
  std::filesystem::path snapshot_download(const Repo& repo, const SnapshotOptions& options = {},
                                          std::stop_token stop = {}) const;

  // -- commits -----------------------------------------------------------------------------------

  /// All operations in one commit, or none of them. Large files travel by LFS first. Files that the
  /// repository has already are left out; if nothing is left, no commit is made and the present
  /// head is returned. An answer that is lost on the way does not lead to a second commit.
  /// @throws HeadMovedError, InvalidArgumentError for bad paths, FileError
  CommitInfo create_commit(const Repo& repo, const std::vector<CommitOperation>& operations,
                           const CommitOptions& options, std::stop_token stop = {}) const;
  CommitInfo upload_file(const Repo& repo, const CommitOperationAdd& file,
                         const UploadOptions& options = {}, std::stop_token stop = {}) const;
  /// @throws InvalidArgumentError if `folder` is not one
  CommitInfo upload_folder(const Repo& repo, const std::filesystem::path& folder,
                           const UploadFolderOptions& options = {},
                           std::stop_token stop = {}) const;
  /// @throws RemoteEntryNotFoundError
  CommitInfo delete_file(const Repo& repo, const std::string& path_in_repo,
                         const UploadOptions& options = {}, std::stop_token stop = {}) const;
  /// @param path with or without a `/` at its end
  CommitInfo delete_folder(const Repo& repo, const std::string& path,
                           const UploadOptions& options = {}, std::stop_token stop = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace torchhub
