#pragma once

#include "server/accounts/account_store.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"

#include <filesystem>
#include <optional>
#include <string>

namespace torchhub::server {

/// trash/<today>/, made if missing. What is put there goes after the grace of `admin gc`.
std::filesystem::path trash_of(const DataFolder& folder, TimePoint now);

/// Moves a file or folder of the data folder to trash/<today>/<name>, durably. A thing of that name
/// that is there already stays; the new one then gets a name behind its own.
/// @return where it is now @throws FileError
std::filesystem::path move_to_trash(const DataFolder& folder, const std::filesystem::path& path,
                                    const std::string& name, TimePoint now, Durability durability);

/// Writes everything that the database knows of a repository into its folder, then moves that to
/// the trash as <id>.git, once its writers are done. It must be marked by then, so that there are
/// no new ones. May be repeated after a crash. The row stays. @throws FileError, DatabaseError
void move_repo_to_trash(Database& database, const DataFolder& folder, const std::string& id,
                        TimePoint now, Durability durability);

/// The same without a way back. @throws std::filesystem::filesystem_error
void remove_repo_folder(const DataFolder& folder, const std::string& id);

/// Where the newest of a name lies in the trash, or nothing.
std::optional<std::filesystem::path> find_in_trash(const DataFolder& folder,
                                                   const std::string& name);
/// Durably, and without git's lock files. @throws FileError
void move_out_of_trash(const std::filesystem::path& from, const std::filesystem::path& to,
                       Durability durability);
/// @return false if it is not there, or there because it is damaged
bool bring_object_back(const DataFolder& folder, const std::string& oid, Durability durability);

}  // namespace torchhub::server
