#pragma once

#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// A route of the hub with an example in place of each part that varies.
struct RouteExample {
  std::string method;
  std::string pattern;
  std::string path;  ///< A pattern's {repo} is `repo`.
};

/// Every route that the hub's router knows, so that a test cannot forget one.
/// @param revision in place of a pattern's {rev}, encoded
std::vector<RouteExample> every_route(const std::string& repo,
                                      const std::string& revision = "main");

/// Does the route look neither at the caller nor at a repository's name: health, and links that
/// carry their own right?
bool is_open_route(const RouteExample& route);

}  // namespace torchhub::testing
