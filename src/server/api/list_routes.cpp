#include "server/accounts/gate.h"
#include "server/api/expand_fields.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/repo_description.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/repo_search.h"
#include "torchhub/base/base64.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, RepoOrder>, 10> kOrders = {
    {{"lastModified", RepoOrder::last_modified},
     {"last_modified", RepoOrder::last_modified},
     {"createdAt", RepoOrder::created},
     {"created_at", RepoOrder::created},
     {"downloads", RepoOrder::downloads},
     {"likes", RepoOrder::likes},
     {"likes30d", RepoOrder::likes},
     {"trendingScore", RepoOrder::likes},  // nothing here trends but what is liked
     {"num_parameters", RepoOrder::parameters},
     {"id", RepoOrder::id}}};

RepoOrder order_of(const HttpRequest& request) {
  const std::string word = request.query_value("sort").value_or("lastModified");
  for (const auto& [name, order] : kOrders) {
    if (name == word) return order;
  }
  throw ApiError(400, fmt::format("'sort' knows createdAt, lastModified, downloads, likes, "
                                  "trendingScore, num_parameters and id, not '{}'.",
                                  word));
}

/// Newest and most first, names from a to z, unless a direction says otherwise.
bool is_ascending(const HttpRequest& request, RepoOrder order) {
  const std::string direction = request.query_value("direction").value_or("");
  return direction.empty() ? order == RepoOrder::id : direction != "-1" && direction != "desc";
}

std::string cursor_text(const SearchPlace& place) {
  return base64_encode(json::array({place.key, place.id}).dump());
}

SearchPlace parse_cursor(const std::string& text) {
  const json place = json::parse(base64_decode(text).value_or(""), nullptr, false);
  if (!place.is_array() || place.size() != 2 || !place[0].is_string() || !place[1].is_string()) {
    throw ApiError(400, "'cursor' is not one that was handed out here.");
  }
  return {place[0].get<std::string>(), place[1].get<std::string>()};
}

ListWishes wishes_of(const HttpRequest& request) {
  ListWishes wishes{.full = request.query_flag("full"),
                    .card = request.query_flag("cardData"),
                    .config = request.query_flag("config"),
                    .linked = request.query_flag("linked") || request.query_value("models") ||
                              request.query_value("datasets")};
  for (std::string& name : request.query_list("expand")) wishes.expand.insert(std::move(name));
  check_expand(wishes.expand, type_of(request));
  return wishes;
}

/// A page with the files of each repository means a look into each.
std::size_t page_size(const HttpRequest& request, const ListWishes& wishes) {
  const bool heavy = wishes.full || wishes.expand.contains("siblings");
  const std::size_t most = heavy ? 100 : 1000;
  return std::clamp<std::size_t>(query_number(request, "limit", most), 1, most);
}

/// 6B, 500M, 1.5k or plain digits.
std::int64_t parameter_number(std::string_view text) {
  constexpr std::array<std::pair<char, double>, 5> kUnits = {
      {{'K', 1e3}, {'M', 1e6}, {'B', 1e9}, {'G', 1e9}, {'T', 1e12}}};
  double number = -1;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& [letter, factor] : kUnits) {
    if (unit.size() != 1 || (unit.front() & ~0x20) != letter) continue;
    number *= factor;
    unit = {};
  }
  constexpr double kMost = 1e18;
  if (error != std::errc() || !unit.empty() || !(number >= 0 && number <= kMost)) {
    throw ApiError(400, fmt::format("'num_parameters' must be such as 'min:6B,max:128B' or "
                                    "'max:500M', without '{}'.",
                                    text));
  }
  return std::llround(number);
}

ParameterRange parameter_range(const std::vector<std::string>& bounds) {
  constexpr std::string_view kMin = "min:";
  constexpr std::string_view kMax = "max:";
  ParameterRange range;
  for (const std::string_view bound : bounds) {
    if (bound.starts_with(kMin)) {
      range.min = parameter_number(bound.substr(kMin.size()));
    } else if (bound.starts_with(kMax)) {
      range.max = parameter_number(bound.substr(kMax.size()));
    } else {
      range.min = range.max = parameter_number(bound);
    }
  }
  return range;
}

/// What is asked for by things that nobody here knows. A list that is not filtered would read as if
/// all of it matched.
void refuse_unknown_filters(const HttpRequest& request) {
  if (!request.query_value("apps")) return;
  throw ApiError(400,
                 "This hub does not know which apps take a model, so it cannot filter by 'apps'.");
}

/// Nothing here is served by anybody.
bool asks_for_inference(const HttpRequest& request) {
  return request.query_value("inference") || request.query_value("inference_provider");
}

void add_card_filters(RepoQuery& query, const HttpRequest& request) {
  query.card_models = request.query_list("models");
  query.card_datasets = request.query_list("datasets");
  query.linked = request.query_flag("linked");
  if (request.query_value("num_parameters")) {
    query.parameters = parameter_range(request.query_list("num_parameters"));
  }
}

RepoQuery query_of(const HttpRequest& request, const Caller& caller) {
  RepoQuery query{.type = type_of(request),
                  .author = request.query_value("author").value_or(""),
                  .search = {},
                  .tags = request.query_list("filter"),
                  .pipeline_tag = request.query_value("pipeline_tag").value_or(""),
                  .library = request.query_value("library").value_or("")};
  for (const auto& [name, value] : request.query) {  // a comma may be meant
    if (name == "search" && !value.empty()) query.search.push_back(value);
  }
  add_card_filters(query, request);
  if (request.query_value("gated")) query.gated = request.query_flag("gated");
  query.order = order_of(request);
  query.ascending = is_ascending(request, query.order);
  if (const auto cursor = request.query_value("cursor")) query.after = parse_cursor(*cursor);
  if (caller.owner) {
    query.viewer = caller.owner->user.id;
    query.sees_all = caller.owner->user.site_admin;
  }
  return query;
}

HttpResponse list(const HubState& hub, Database& database, const HttpRequest& request) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const ListWishes wishes = wishes_of(request);
  refuse_unknown_filters(request);
  RepoQuery query = query_of(request, caller);
  if (asks_for_inference(request)) return json_response(json::array());
  query.with_card = wishes.full || wishes.card || wishes.config ||
                    wishes.expand.contains("cardData") || wishes.expand.contains("config") ||
                    query.type == RepoType::space;  // for its sdk
  const std::size_t page = page_size(request, wishes);
  query.limit = page + 1;
  std::vector<FoundRepo> found = search_repos(database, query);
  const bool more = found.size() > page;
  if (more) found.pop_back();
  json out = json::array();
  for (const FoundRepo& item : found) {
    // The query knows of owners and members; a token may allow less than its user.
    if (item.repo.private_ && gate.access(caller, item.repo) == Access::none) continue;
    out.push_back(describe(hub, item, wishes));
  }
  HttpResponse response = json_response(out);
  if (more) {
    add_next_link(response, request, hub.base_url(request), "cursor",
                  cursor_text(place_of(found.back(), query.order)));
  }
  return response;
}

}  // namespace

void add_list_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/{type}",
             [&hub](const HttpRequest& request) { return list(hub, hub.database, request); });
}

}  // namespace torchhub::server
