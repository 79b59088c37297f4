#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/privacy.h"
#include "server/api/repo_description.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_label.h"

#include <fmt/format.h>

namespace torchhub::server {

using nlohmann::json;

std::optional<bool> wanted_privacy(const json& body) {
  const auto visibility = optional_text(body, "visibility");
  if (!visibility) return optional_flag(body, "private");
  if (*visibility == "public") return false;
  if (*visibility == "private" || *visibility == "protected") return true;
  throw ApiError(400, "'visibility' must be public or private.");
}

namespace {

std::optional<std::string> wanted_gate(const json& body) {
  const auto gated = body.find("gated");
  if (gated == body.end() || gated->is_null()) return std::nullopt;
  if (*gated == false) return "";
  if (*gated == "auto" || *gated == "manual") return gated->get<std::string>();
  throw ApiError(400, "'gated' must be false, 'auto' or 'manual'.");
}

/// What was asked for, as the log keeps it.
json changed(const RepoSettings& settings) {
  json out = json::object();
  if (settings.private_) out["private"] = *settings.private_;
  if (settings.gated) out["gated"] = describe_gate(*settings.gated);
  if (settings.description) out["description"] = *settings.description;
  if (settings.forced_pushes) out["forcedPushes"] = *settings.forced_pushes;
  return out;
}

HttpResponse change_settings(HubState& hub, const RepoRow& repo, const Account& user,
                             const json& body) {
  constexpr std::size_t kMaxDescription = 2000;
  // All is looked at before anything is written.
  const RepoSettings settings{.private_ = wanted_privacy(body),
                              .gated = wanted_gate(body),
                              .description = optional_text(body, "description"),
                              .forced_pushes = optional_flag(body, "forcedPushes")};
  if (settings.description.value_or("").size() > kMaxDescription) {
    throw ApiError(400, fmt::format("'description' may have {} bytes.", kMaxDescription));
  }
  hub.repos.change_settings(
      repo.id, settings,
      repo_event(events::kRepoSettings, user, repo, {{"settings", changed(settings)}}));
  refresh_label(hub.database, hub.folder, repo.id);
  const bool private_ = settings.private_.value_or(repo.private_);
  json answer{{"private", private_},
              {"visibility", private_ ? "private" : "public"},
              {"gated", describe_gate(settings.gated.value_or(repo.gated))}};
  if (settings.description) answer["description"] = *settings.description;
  if (settings.forced_pushes) answer["forcedPushes"] = *settings.forced_pushes;
  return json_response(answer);
}

Answer start_change(HubState& hub, const HttpRequest& request) {
  return read_json([&hub, by = Gate(hub).writer(request)](const json& body) {
    return change_settings(hub, by.repo, by.user, body);
  });
}

}  // namespace

void add_setting_routes(Router& router, HubState& hub) {
  router.add("PUT", "/api/{type}/{repo}/settings",
             [&hub](const HttpRequest& request) { return start_change(hub, request); });
  // What clients sent before 2023, with the type in the singular.
  for (const char* type : {"model", "dataset", "space"}) {
    router.add("PUT", fmt::format("/api/repos/{}/{{repo}}/settings", type),
               [&hub, type](const HttpRequest& request) {
                 HttpRequest today = request;
                 today.captures["type"] = type;
                 return start_change(hub, today);
               });
  }
}

}  // namespace torchhub::server
