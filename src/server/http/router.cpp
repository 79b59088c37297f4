#include "server/http/router.h"

#include "server/http/api_error.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

namespace torchhub::server {
namespace {

using Segments = std::span<const std::string_view>;
using Captures = std::map<std::string, std::string_view, std::less<>>;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    out.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

bool is_type(std::string_view word) {
  return word == "models" || word == "datasets" || word == "spaces";
}

/// The first `count` segments, slashes and all, as they stand in the path.
std::string_view joined(Segments segments, std::size_t count) {
  if (count == 0) return {};
  const char* begin = segments.front().data();
  const std::string_view last = segments[count - 1];
  return {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
}

/// At most two numbers; a vector would ask for memory a hundred times a request.
class Lengths {
 public:
  Lengths() = default;
  explicit Lengths(std::size_t only) : values_{only}, count_(1) {}
  Lengths(std::size_t first, std::size_t second) : values_{first, second}, count_(2) {}
  const std::size_t* begin() const { return values_.data(); }
  const std::size_t* end() const { return values_.data() + count_; }

 private:
  std::array<std::size_t, 2> values_ = {};
  std::size_t count_ = 0;
};

/// How many segments a part of a pattern may take, in the order to try.
Lengths lengths(std::string_view part, Segments segments) {
  const std::size_t left = segments.size();
  if (part == "{path...}") return Lengths(left);
  if (part == "{web}") {
    const bool prefix = left > 0 && is_type(segments.front()) && segments.front() != "models";
    return prefix ? Lengths(1, 0) : Lengths(0);
  }
  if (left == 0 || segments.front().empty()) return {};
  if (part == "{repo}") return left > 1 && !segments[1].empty() ? Lengths(2, 1) : Lengths(1);
  if (part == "{rev}" && segments.front() == "refs") return Lengths(std::min<std::size_t>(left, 3));
  if (part == "{type}" && !is_type(segments.front())) return {};
  if (!part.starts_with('{') && part != segments.front()) return {};
  return Lengths(1);
}

bool matches(std::span<const std::string> pattern, Segments segments, Captures& captures) {
  if (pattern.empty()) return segments.empty();
  const std::string_view part = pattern.front();
  for (std::size_t count : lengths(part, segments)) {
    if (!matches(pattern.subspan(1), segments.subspan(count), captures)) continue;
    if (part.starts_with('{')) {
      captures.emplace(part.substr(1, part.size() - 2), joined(segments, count));
    }
    return true;
  }
  return false;
}

std::vector<std::string> parse_pattern(std::string_view pattern) {
  std::vector<std::string> out;
  for (std::string_view part : split(pattern)) out.emplace_back(part);
  return out;
}

std::string decoded(std::string_view name, std::string_view raw) {
  if (name == "repo" && (raw.find("%2f") != raw.npos || raw.find("%2F") != raw.npos)) {
    throw ApiError(404, "A slash in a repository's name must not be encoded.");
  }
  std::string text = decode_strictly(raw);
  if (name == "repo" && text.ends_with(".git")) text.resize(text.size() - 4);
  return text;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  routes_.push_back(
      {std::string(method), std::string(pattern), parse_pattern(pattern), std::move(handler)});
}

std::vector<std::pair<std::string, std::string>> Router::patterns() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Route& route : routes_) out.emplace_back(route.method, route.text);
  return out;
}

const Handler& Router::find(HttpRequest& request) const {
  const std::vector<std::string_view> segments = split(request.raw_path);
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    Captures captures;
    if (!matches(route.pattern, segments, captures)) continue;
    if (route.method != method) {
      allowed.insert(route.method == "GET" ? "GET, HEAD" : route.method);
      continue;
    }
    for (const auto& [name, raw] : captures) {
      request.captures.insert_or_assign(name == "path..." ? "path" : name, decoded(name, raw));
    }
    request.route = route.text;
    return route.handler;
  }
  if (allowed.empty()) throw ApiError(404, "There is nothing at this address.");
  std::string list;
  for (const std::string& word : allowed) list += (list.empty() ? "" : ", ") + word;
  throw ApiError(405, "This address takes " + list + ".", {}, {{"Allow", list}});
}

}  // namespace torchhub::server
