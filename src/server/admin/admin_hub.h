#pragma once

#include "server/accounts/account_store.h"
#include "server/git/repository.h"
#include "server/lfs/offers.h"
#include "server/repos/repo_objects.h"
#include "server/repos/repo_store.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::server {

/// @throws Error unless somebody made a data folder there: a typing error must not make one
void need_data_folder(const std::filesystem::path& path);

/// A data folder as admin commands use it: without a server, or beside one.
struct AdminHub {
  /// @throws Error if there is no data folder or no database in it
  AdminHub(const std::filesystem::path& data_dir, Durability durability,
           std::shared_ptr<const Clock> clock);

  git::Repository open(const std::filesystem::path& repository) const;
  /// Whatever lies two levels below repos/: "ab/<id>.git", by name.
  std::vector<std::filesystem::path> repository_folders() const;
  /// The LFS objects in the store, and what else lies there.
  std::vector<std::filesystem::path> object_files() const;
  TimePoint now() const { return clock->now(); }

  std::shared_ptr<const Clock> clock;
  Durability durability;
  DataFolder folder;
  Database database;
  AccountStore accounts;
  RepoStore repos;
  RepoObjects repo_objects;
  LfsOffers offers;
};

/// Every file and folder below, as far as they stay while it looks: a folder that goes away takes
/// only what is in it along. (A recursive_directory_iterator would end there.)
std::vector<std::filesystem::directory_entry> entries_below(const std::filesystem::path& root);

/// The id in "…/<id>.git", or "" if that is no repository's name.
std::string id_of_folder(const std::filesystem::path& repository);

/// "model ana/bert"
std::string shown(const RepoRow& repo);

}  // namespace torchhub::server
