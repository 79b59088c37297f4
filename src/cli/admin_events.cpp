#include "cli/admin_upkeep.h"
#include "server/config/values.h"
#include "torchhub/base/error.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/server/events.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct EventArguments {
  EventQuery query = {};
  std::string since = {};
  bool as_json = false;
};

/// "2026-11-27T19:00:00Z", "2026-11-27", or how long ago: "2h", "14d".
std::chrono::system_clock::time_point parse_since(const std::string& text) {
  constexpr std::size_t kDateLength = 10;
  if (text.find('-') != std::string::npos) {
    return parse_rfc3339(text.size() == kDateLength ? text + "T00:00:00Z" : text);
  }
  return std::chrono::system_clock::now() - server::parse_time_span(text);
}

/// What the columns before it do not say.
std::string rest_of(const HubEvent& event) {
  json details = json::parse(event.details, nullptr, false);
  if (!details.is_object()) return {};
  details.erase("actor");
  details.erase("repo");
  return details.empty() ? std::string() : details.dump();
}

void print(const std::vector<HubEvent>& events, bool as_json) {
  json out = json::array();
  for (const HubEvent& event : events) {
    if (!as_json) {
      fmt::print("{} {} {} {} {}\n", to_rfc3339(event.at), event.kind,
                 event.actor.empty() ? "-" : event.actor, event.repo.empty() ? "-" : event.repo,
                 rest_of(event));
    }
    out.push_back({{"id", event.id},
                   {"at", to_rfc3339(event.at)},
                   {"kind", event.kind},
                   {"actor", event.actor.empty() ? json() : json(event.actor)},
                   {"repo", event.repo.empty() ? json() : json(event.repo)},
                   {"details", json::parse(event.details, nullptr, false)}});
  }
  if (as_json) fmt::print("{}\n", out.dump(2, ' ', false, json::error_handler_t::replace));
}

}  // namespace

void add_admin_events(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<EventArguments>();
  CLI::App* events = admin.add_subcommand(
      "events", "Who did what to which repository, newest first; a server may run");
  events->add_option("--repo", arguments->query.repo, "owner/name, datasets/owner/name")
      ->type_name("REPO");
  events->add_option("--user", arguments->query.user, "Who did it")->type_name("NAME");
  events
      ->add_option("--since", arguments->since,
                   "2026-11-27, 2026-11-27T19:00:00Z, or how long ago: 2h, 14d")
      ->type_name("TIME");
  events->add_option("--limit", arguments->query.limit, "At most so many")->capture_default_str();
  events->add_flag("--json", arguments->as_json, "Print JSON");
  events->callback([data, arguments] {
    if (!arguments->since.empty()) arguments->query.since = parse_since(arguments->since);
    print(hub_events(*data, arguments->query), arguments->as_json);
  });
}

}  // namespace torchhub::cli
