#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::server {

using Handler = std::function<Answer(const HttpRequest&)>;

/// Finds the handler of a path. It matches the path as sent, so that `%2F` in a name never reads as
/// a separator. Patterns are segments between slashes:
///   word       that word
///   {type}     models, datasets, spaces
///   {web}      nothing, or datasets, or spaces (the prefix of web and git addresses)
///   {repo}     owner/name or name; a `.git` at the end is cut off
///   {rev}      one segment, or refs/x/y with real slashes
///   {path...}  all the rest, perhaps nothing
///   {anything} one segment
class Router {
 public:
  void add(std::string_view method, std::string_view pattern, Handler handler);

  /// Fills request.captures and request.route. HEAD finds the handler of GET.
  /// @throws ApiError 404 for an unknown path, 405 with Allow for a known one
  const Handler& find(HttpRequest& request) const;

  /// Methods and patterns, in the order in which they were added.
  std::vector<std::pair<std::string, std::string>> patterns() const;

 private:
  struct Route {
    std::string method;
    std::string text;
    std::vector<std::string> pattern;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace torchhub::server
