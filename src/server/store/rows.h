#pragma once

#include "server/store/database.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace torchhub::server {

/// Rows as JSON objects, whatever columns their table has: so what is put aside today comes back
/// into the tables of tomorrow.

/// The row of `table` with this `id`, or null.
nlohmann::json row_as_json(Connection& connection, const std::string& table, const std::string& id);

/// Every row that belongs to a repository, by table: those that refer to it, and those that refer
/// to them. Parents come first. `[{"table": "repo_lfs", "rows": [...]}, ...]`
nlohmann::json rows_of_repo(Connection& connection, const std::string& id);

/// Inserts the row unless one is in its way; columns that the table has no more are left out.
/// @return false if one is in its way, or if what it refers to is gone
bool insert_row(Connection& connection, const std::string& table, const nlohmann::json& row);

/// As rows_of_repo() gave them. @return how many found no place
std::size_t insert_rows(Connection& connection, const nlohmann::json& tables);

}  // namespace torchhub::server
