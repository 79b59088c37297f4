#pragma once

#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "torchhub/wire/repo.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace torchhub::server {

/// The file "torchhub.json" in a repository's folder says what the database knows of it: its row,
/// owner and creator. `fsck --rebuild` makes a lost database from these, and `repo restore` brings
/// a deleted repository back. The database is the truth; a label may lag behind after a crash.

std::filesystem::path label_of(const std::filesystem::path& repository);

/// What the label of a repository should say. @throws DatabaseError
nlohmann::json make_label(Connection& connection, const std::string& id);
/// The same with every other row that belongs to the repository, for the trash.
nlohmann::json make_whole_label(Connection& connection, const std::string& id);

/// Nothing if there is none, or if it cannot be read.
std::optional<nlohmann::json> read_label(const std::filesystem::path& repository);

/// To call after a change of name, owner or visibility. The change is made already, so a failure is
/// only logged: `admin fsck --repair` writes what is missing.
void refresh_label(Database& database, const DataFolder& folder, const std::string& id);

/// "model ana/bert", for messages; the id if the label does not say.
std::string name_in_label(const nlohmann::json& label, const std::string& id);
std::optional<Repo> repo_in_label(const nlohmann::json& label);

/// Do both say the same of who may see what under which name?
bool labels_agree(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace torchhub::server
