#include "torchhub/server/events.h"

#include "server/admin/admin_hub.h"
#include "server/store/event_log.h"

#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using nlohmann::json;

/// "ana/bert", "datasets/ana/reviews"
Repo repo_of(std::string_view path) {
  for (const RepoType type : {RepoType::dataset, RepoType::space}) {
    const std::string prefix = std::string(plural(type)) + "/";
    if (path.starts_with(prefix)) return {RepoId::parse(path.substr(prefix.size())), type};
  }
  return {RepoId::parse(path), RepoType::model};
}

server::EventFilter filter_of(const server::AdminHub& hub, const EventQuery& query) {
  server::EventFilter out{.user_name = query.user};
  if (query.since) out.since = *query.since;
  if (!query.user.empty()) {
    if (const auto user = hub.accounts.find(query.user)) out.user_id = user->id;
  }
  if (!query.repo.empty()) {
    const Repo repo = repo_of(query.repo);
    out.repo_name = repo.web_path();
    if (const auto row = hub.repos.find(repo.type, repo.id)) out.repo_id = row->id;
  }
  return out;
}

}  // namespace

std::vector<HubEvent> hub_events(const std::filesystem::path& data_dir, const EventQuery& query) {
  const auto clock = system_clock();
  server::AdminHub hub(data_dir, Durability::full, clock);
  const server::EventLog log(hub.database, *clock);
  std::vector<HubEvent> out;
  for (const server::Event& event : log.find(filter_of(hub, query), query.limit)) {
    const json details = json::parse(event.details, nullptr, false);
    const auto text = [&](const char* key) {
      return details.is_object() ? details.value(key, std::string()) : std::string();
    };
    out.push_back({event.id, event.at, text("actor"), text("repo"), event.kind, event.details});
  }
  return out;
}

}  // namespace torchhub
