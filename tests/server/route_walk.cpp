#include "server/route_walk.h"

#include "server/api/dispatcher.h"
#include "support/temp_dir.h"

#include <array>
#include <string_view>

namespace torchhub::testing {
namespace {

std::string example_of(std::string_view part, const std::string& repo,
                       const std::string& revision) {
  if (part == "{repo}") return "/" + repo;
  if (part == "{web}") return "";
  if (part == "{type}") return "/models";
  if (part == "{rev}") return "/" + revision;
  if (part == "{num}") return "/1";
  if (part == "{path...}") return "/a.txt";
  return part.starts_with('{') ? "/x" : "/" + std::string(part);
}

std::string path_of(std::string_view pattern, const std::string& repo,
                    const std::string& revision) {
  std::string out;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    out += example_of(part, repo, revision);
    pattern.remove_prefix(part.size());
  }
  return out;
}

}  // namespace

std::vector<RouteExample> every_route(const std::string& repo, const std::string& revision) {
  const TempDir folder;
  server::HubState hub({.data_dir = folder / "data", .durability = Durability::relaxed});
  const server::Dispatcher dispatcher(hub);
  std::vector<RouteExample> out;
  for (const auto& [method, pattern] : dispatcher.router().patterns()) {
    out.push_back({method, pattern, path_of(pattern, repo, revision)});
  }
  return out;
}

bool is_open_route(const RouteExample& route) {
  constexpr std::array<std::string_view, 5> kOpen = {"/healthz", "/readyz", "/_lfs/", "/v1/",
                                                     "/v2/"};
  for (std::string_view start : kOpen) {
    if (route.pattern.starts_with(start)) return true;
  }
  return false;
}

}  // namespace torchhub::testing
