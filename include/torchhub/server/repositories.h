#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/base/error.h"
#include "torchhub/server/options.h"
#include "torchhub/wire/repo.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// No repository of that name, or there is one already, or its owner is no account.
class RepositoryAdminError : public Error {
 public:
  using Error::Error;
};

struct ListedRepository {
  Repo repo = {};
  std::string id = {};  ///< Names its folder.
  bool private_ = false;
  bool disabled = false;      ///< Nobody gets its contents.
  std::string deleted = {};   ///< The day, "2026-11-27"; empty for one that is there.
  bool forced_pushes = true;  ///< A push may take commits away from a branch.
};

/// Repositories of a data folder, for its administrator. Works on the database and the folders, so
/// the server may be stopped or running; what is done here counts from its next request on.
class RepositoryAdmin {
 public:
  /// @throws FileError, Error if this is no data folder
  explicit RepositoryAdmin(const std::filesystem::path& data_dir,
                           Durability durability = Durability::full,
                           std::shared_ptr<const Clock> clock = system_clock());
  ~RepositoryAdmin();
  RepositoryAdmin(const RepositoryAdmin&) = delete;
  RepositoryAdmin& operator=(const RepositoryAdmin&) = delete;

  /// By type and name.
  std::vector<ListedRepository> list() const;
  /// Those in the trash, newest first.
  std::vector<ListedRepository> deleted() const;

  /// Gives it another name, or another owner; the old name leads on to it. @throws
  /// RepositoryAdminError, InvalidArgumentError
  void move(const Repo& from, const RepoId& to);
  /// From now on its contents are for nobody, or for its readers again. @throws
  /// RepositoryAdminError
  void set_disabled(const Repo& repo, bool disabled);
  /// May a push take commits away from a branch? @throws RepositoryAdminError
  void set_forced_pushes(const Repo& repo, bool allowed);
  /// To the trash. @throws RepositoryAdminError
  void remove(const Repo& repo);
  /// Brings one back from the trash with all that the database knew of it.
  /// Of several with that name, the one that was deleted last.
  /// @throws RepositoryAdminError, also if the name is in use again or its owner is gone
  void restore(const Repo& repo);
  /// By its id. @return what it is called
  Repo restore(std::string_view id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
