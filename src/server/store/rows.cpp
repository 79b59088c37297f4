#include "server/store/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace torchhub::server {
namespace {

using nlohmann::json;

std::string quoted(const std::string& name) { return fmt::format("\"{}\"", name); }

struct Column {
  std::string name;
  bool key = false;
};

/// None for a table that there is not.
std::vector<Column> columns_of(Connection& connection, const std::string& table) {
  Statement row = connection.prepare("SELECT name, pk FROM pragma_table_info(?)");
  row.bind(table);
  std::vector<Column> out;
  while (row.step()) out.push_back({row.text(0), row.number(1) != 0});
  return out;
}

/// "json_object('id', "repo"."id", ...)". JSON has no word for a BLOB, and no table under
/// a repository has one.
std::string object_of(Connection& connection, const std::string& table) {
  std::vector<std::string> parts;
  for (const Column& column : columns_of(connection, table)) {
    parts.push_back(fmt::format("'{}', {}.{}", column.name, quoted(table), quoted(column.name)));
  }
  return fmt::format("json_object({})", fmt::join(parts, ", "));
}

/// One foreign key: the columns of `table`, and those of its parent that they name.
struct ForeignKey {
  std::string table;
  std::vector<std::pair<std::string, std::string>> columns;
};

std::string key_of(Connection& connection, const std::string& table) {
  for (const Column& column : columns_of(connection, table)) {
    if (column.key) return column.name;
  }
  return "rowid";
}

std::vector<ForeignKey> keys_to(Connection& connection, const std::string& parent) {
  Statement row = connection.prepare(
      "SELECT tables.name, keys.id, keys.\"from\", keys.\"to\" FROM sqlite_schema AS tables "
      "JOIN pragma_foreign_key_list(tables.name) AS keys "
      "WHERE tables.type = 'table' AND keys.\"table\" = ? ORDER BY tables.name, keys.id, keys.seq");
  row.bind(parent);
  std::map<std::pair<std::string, std::int64_t>, ForeignKey> found;
  while (row.step()) {
    ForeignKey& key = found[{row.text(0), row.number(1)}];
    key.table = row.text(0);
    // A key that names no column of the parent means its primary key.
    key.columns.emplace_back(row.text(2),
                             row.is_null(3) ? key_of(connection, parent) : row.text(3));
  }
  std::vector<ForeignKey> out;
  for (auto& [place, key] : found) out.push_back(std::move(key));
  return out;
}

struct OwnedTable {
  std::string name;
  std::string condition;  ///< Which of its rows belong to repository ?1.
};

void add_tables_under(Connection& connection, const OwnedTable& parent,
                      std::vector<OwnedTable>& out) {
  for (const ForeignKey& key : keys_to(connection, parent.name)) {
    const bool known =
        key.table == "repo" ||
        std::any_of(out.begin(), out.end(), [&](const auto& t) { return t.name == key.table; });
    if (known) continue;
    std::vector<std::string> pairs;
    for (const auto& [from, to] : key.columns) {
      pairs.push_back(fmt::format("{}.{} = {}.{}", quoted(parent.name), quoted(to),
                                  quoted(key.table), quoted(from)));
    }
    OwnedTable table{key.table,
                     fmt::format("EXISTS (SELECT 1 FROM {} WHERE {} AND {})", quoted(parent.name),
                                 fmt::join(pairs, " AND "), parent.condition)};
    out.push_back(table);
    add_tables_under(connection, table, out);
  }
}

}  // namespace

json row_as_json(Connection& connection, const std::string& table, const std::string& id) {
  Statement row = connection.prepare(
      fmt::format("SELECT {} FROM {} WHERE id = ?", object_of(connection, table), quoted(table)));
  return row.bind(id).step() ? json::parse(row.text(0)) : json();
}

json rows_of_repo(Connection& connection, const std::string& id) {
  std::vector<OwnedTable> tables;
  add_tables_under(connection, {"repo", "repo.id = ?1"}, tables);
  json out = json::array();
  for (const OwnedTable& table : tables) {
    Statement row = connection.prepare(fmt::format("SELECT {} FROM {} WHERE {}",
                                                   object_of(connection, table.name),
                                                   quoted(table.name), table.condition));
    row.bind(id);
    json rows = json::array();
    while (row.step()) rows.push_back(json::parse(row.text(0)));
    if (!rows.empty()) out.push_back({{"table", table.name}, {"rows", std::move(rows)}});
  }
  return out;
}

bool insert_row(Connection& connection, const std::string& table, const json& row) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const Column& column : columns_of(connection, table)) {
    if (!row.contains(column.name)) continue;
    names.push_back(quoted(column.name));
    values.push_back(fmt::format("json_extract(?1, '$.\"{}\"')", column.name));
  }
  if (names.empty()) return false;
  try {
    connection.run(fmt::format("INSERT OR IGNORE INTO {}({}) SELECT {}", quoted(table),
                               fmt::join(names, ", "), fmt::join(values, ", ")),
                   row.dump());
  } catch (const DatabaseError& error) {
    if (!error.is_orphan()) throw;
    return false;
  }
  return connection.changes() > 0;
}

std::size_t insert_rows(Connection& connection, const json& tables) {
  std::size_t lost = 0;
  for (const json& table : tables) {
    for (const json& row : table.at("rows")) {
      if (!insert_row(connection, table.at("table").get<std::string>(), row)) ++lost;
    }
  }
  return lost;
}

}  // namespace torchhub::server
