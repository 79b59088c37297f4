#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

double free_bytes(const HubState& hub) {
  std::error_code error;
  const auto space = std::filesystem::space(hub.folder.root(), error);
  return error ? 0 : static_cast<double>(space.available);
}

constexpr std::string_view kNoDatabase = "the database does not answer";

HttpResponse health(HubState& hub) {
  try {
    hub.database.check_reading();
  } catch (const DatabaseError& error) {
    log::error("database_does_not_answer", {{"error", error.what()}});
    throw ApiError(503, std::string(kNoDatabase), {}, {{"Retry-After", "5"}});
  }
  return json_response({{"status", "ok"}});
}

std::optional<std::string> problem_of_database(const HubState& hub) {
  try {
    hub.database.check_reading();
    hub.database.check_writing();
    return std::nullopt;
  } catch (const DatabaseError& error) {
    // Anybody may ask, so the reason that SQLite gives is for the log.
    log::error("database_not_ready", {{"error", error.what()}});
    if (error.is_busy()) return "another program holds the database";
    if (error.is_read_only()) return "the database cannot be written";
    return std::string(kNoDatabase);
  }
}

/// Why no work should be sent here; empty if it should.
std::vector<std::string> what_is_missing(HubState& hub) {
  std::vector<std::string> out;
  if (auto problem = problem_of_database(hub)) out.push_back(*std::move(problem));
  if (free_bytes(hub) < static_cast<double>(hub.options.min_free_bytes)) {
    out.push_back("the disk is nearly full");
  }
  for (const auto& folder : {hub.folder.root(), hub.folder.incoming(), hub.folder.root() / "lfs",
                             hub.folder.root() / "repos"}) {
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      out.push_back(
          fmt::format("the folder '{}' cannot be written",
                      folder.lexically_relative(hub.folder.root().parent_path()).string()));
    }
  }
  return out;
}

HttpResponse readiness(HubState& hub) {
  const std::vector<std::string> missing = what_is_missing(hub);
  if (missing.empty()) return json_response({{"status", "ready"}});
  return json_response({{"status", "not ready"}, {"reasons", missing}}, 503);
}

double count(Connection& connection, std::string_view sql) {
  Statement row = connection.prepare(sql);
  return row.step() ? static_cast<double>(row.number(0)) : 0;
}

HttpResponse metrics(HubState& hub) {
  GaugeValues values;
  const HttpLoad load = hub.load ? hub.load() : HttpLoad{};
  values.connections = load.connections;
  values.uploads = load.uploads;
  values.git_processes = hub.git.running();
  values.git_waiting = hub.git.waiting();
  values.database_seconds = std::chrono::duration<double>(hub.database.time_spent()).count();
  values.free_bytes = free_bytes(hub);
  auto database = hub.database.lease();
  Connection& connection = *database;
  values.lfs_objects = count(connection, "SELECT COUNT(DISTINCT oid) FROM repo_lfs");
  values.lfs_bytes = count(
      connection, "SELECT COALESCE(SUM(size), 0) FROM (SELECT DISTINCT oid, size FROM repo_lfs)");
  const auto of_type = [&](const char* type) {
    Statement row =
        connection.prepare("SELECT COUNT(*) FROM repo WHERE state = 'ready' AND type = ?");
    return row.bind(type).step() ? static_cast<double>(row.number(0)) : 0;
  };
  values.models = of_type("model");
  values.datasets = of_type("dataset");
  values.spaces = of_type("space");
  values.accounts = count(connection, "SELECT COUNT(*) FROM account");
  HttpResponse response = text_response(hub.metrics.text(values));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace

void add_status_routes(Router& router, HubState& hub, StatusFor whom) {
  router.add("GET", "/healthz", [&hub](const HttpRequest&) { return health(hub); });
  router.add("GET", "/readyz", [&hub](const HttpRequest&) { return readiness(hub); });
  router.add("GET", "/metrics", [&hub, whom](const HttpRequest& request) {
    if (whom == StatusFor::admins && !Gate(hub).signed_in(request).user.site_admin) {
      throw ApiError(403, "Metrics are for site admins, or on the address of --metrics-listen.");
    }
    return metrics(hub);
  });
}

}  // namespace torchhub::server
