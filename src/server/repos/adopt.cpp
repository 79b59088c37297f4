#include "server/repos/adopt.h"

#include "server/accounts/account_store.h"
#include "server/repos/repo_label.h"
#include "server/store/rows.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// The id that the account of the label has here: its own, or that of the name's bearer today.
std::optional<std::string> account_id(Connection& connection, const json& account,
                                      MissingAccount missing) {
  if (!account.is_object()) return std::nullopt;
  const std::string id = account.value("id", "");
  Statement row = connection.prepare(
      "SELECT id FROM account WHERE id = ?1 OR name_fold = ?2 ORDER BY id = ?1 DESC LIMIT 1");
  if (row.bind(id).bind(folded(account.value("name", ""))).step()) return row.text(0);
  if (missing == MissingAccount::refuse) return std::nullopt;
  json fresh = account;
  fresh["site_admin"] = 0;  // the label may be older than the day that the right was taken away
  if (!insert_row(connection, "account", fresh)) return std::nullopt;
  return id;
}

}  // namespace

std::optional<std::string> adopt_repo(Connection& connection, const json& label,
                                      MissingAccount missing, std::size_t& lost) {
  const auto repo = repo_in_label(label);
  if (!repo) return "its label names no repository";
  const auto owner = account_id(connection, label.at("owner"), missing);
  if (!owner) return fmt::format("there is no account '{}' any more", repo->id.owner);
  json row = label.at("repo");
  row["owner"] = *owner;
  row["creator"] = account_id(connection, label.value("creator", json()), missing).value_or(*owner);
  row["state"] = "ready";
  row["name_fold"] = folded(repo->id.name);
  if (!insert_row(connection, "repo", row)) {
    return fmt::format("there is already a {} '{}'", to_string(repo->type), repo->id.str());
  }
  lost = insert_rows(connection, label.value("rows", json::array()));
  return std::nullopt;
}

}  // namespace torchhub::server
