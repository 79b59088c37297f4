#pragma once

#include "server/admin/admin_hub.h"
#include "server/git/reachable.h"
#include "torchhub/server/fsck.h"

#include <filesystem>
#include <map>
#include <string>

namespace torchhub::server {

/// One fsck: what the checks share. A server may change everything meanwhile, so each check looks
/// in the order in which the server writes (rows before folders, links before refs), and looks
/// again before it calls something a problem.
struct FsckRun {
  AdminHub& hub;
  const FsckOptions& options;
  FsckReport report = {};

  FsckFinding& problem(std::string kind, std::string where, std::string text);
  FsckFinding& note(std::string kind, std::string where, std::string text);
  /// Moves it to the trash if repairs are wanted, and says so.
  void put_away(FsckFinding& finding, const std::filesystem::path& path) const;
};

/// What fsck_objects.cpp found in the store: sizes by oid.
using StoredObjects = std::map<std::string, std::uint64_t>;

void check_database(FsckRun& run);
StoredObjects check_object_files(FsckRun& run);
/// Every folder in repos/ has a row.
void check_folders(FsckRun& run);
/// Every row has its folder, git finds what the refs name, each pointer has its link and object.
void check_repositories(FsckRun& run, StoredObjects& stored);
void check_left_uploads(FsckRun& run);
/// A new database, with a row for each repository whose label can be read. Only while locked.
void rebuild_database(const std::filesystem::path& data_dir, const FsckOptions& options);
/// What rebuild_database() could not bring back.
void note_rebuild(FsckRun& run);

}  // namespace torchhub::server
