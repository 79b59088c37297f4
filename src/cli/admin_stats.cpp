#include "cli/admin_upkeep.h"
#include "torchhub/server/stats.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

json as_json(const std::vector<RepoStats>& list) {
  json out = json::array();
  for (const RepoStats& stats : list) {
    out.push_back({{"name", stats.name},
                   {"owner", stats.owner},
                   {"gitBytes", stats.git_bytes},
                   {"objectBytes", stats.object_bytes},
                   {"oldBytes", stats.old_bytes}});
  }
  return out;
}

void print_table(const char* title, const std::vector<RepoStats>& list) {
  fmt::print("{:<40} {:>10} {:>10} {:>13}\n", title, "git", "objects", "of these old");
  for (const RepoStats& stats : list) {
    fmt::print("{:<40} {:>10} {:>10} {:>13}\n", stats.name, readable_bytes(stats.git_bytes),
               readable_bytes(stats.object_bytes), readable_bytes(stats.old_bytes));
  }
  fmt::print("\n");
}

void print(const HubStats& stats, bool json_wanted) {
  if (json_wanted) {
    const json out{{"owners", as_json(stats.owners())},
                   {"repositories", as_json(stats.repositories)},
                   {"objects", stats.objects},
                   {"objectBytes", stats.object_bytes},
                   {"gitBytes", stats.git_bytes},
                   {"trashBytes", stats.trash_bytes},
                   {"reclaimableBytes", stats.reclaimable_bytes},
                   {"freeBytes", stats.free_bytes}};
    fmt::print("{}\n", out.dump(2));
    return;
  }
  print_table("owner", stats.owners());
  print_table("repository", stats.repositories);
  fmt::print("objects {} ({}, each counted once), git {}, trash {}\n", stats.objects,
             readable_bytes(stats.object_bytes), readable_bytes(stats.git_bytes),
             readable_bytes(stats.trash_bytes));
  fmt::print("'torchhub admin gc --apply' would take away {}; the disk has {} free.\n",
             readable_bytes(stats.reclaimable_bytes), readable_bytes(stats.free_bytes));
}

}  // namespace

void add_admin_stats(CLI::App& admin, const DataName& data) {
  const auto json_wanted = std::make_shared<bool>(false);
  CLI::App* stats = admin.add_subcommand(
      "stats", "Bytes by owner and repository, and what could go; a server may run");
  stats->add_flag("--json", *json_wanted, "Print JSON");
  stats->callback([data, json_wanted] { print(hub_stats(*data), *json_wanted); });
}

}  // namespace torchhub::cli
