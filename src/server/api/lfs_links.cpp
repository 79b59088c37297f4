#include "server/api/lfs_links.h"

#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

namespace torchhub::server {
namespace {

/// Nothing but the number's usual spelling, so that no other text has the same signature.
std::optional<std::uint64_t> exact_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text) return std::nullopt;
  return value;
}

/// 0 if the link does not say. @throws ApiError 403 if it says something else than a link of ours
std::uint64_t number_in(const HttpRequest& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return 0;
  const auto number = exact_number(*text);
  if (!number) throw ApiError(403, fmt::format("The link's '{}' is not a number.", name));
  return *number;
}

[[noreturn]] void refuse_part() { throw ApiError(404, "This object has no such part."); }

/// Looked at before the signature: no link of ours has such a number.
std::uint64_t part_number(const HttpRequest& request, const LinkGrant& grant) {
  const auto number = exact_number(request.capture("part"));
  if (!number || grant.chunk_bytes == 0) refuse_part();
  if (!PartPlan{grant.object.size, grant.chunk_bytes}.has(*number)) refuse_part();
  return *number;
}

/// A link lives for a day, its repository perhaps not.
void need_repository(const HubState& hub, const std::string& id) {
  const auto repo = hub.repos.by_id(id);
  if (repo && repo->disabled) throw ApiError(403, std::string(error_codes::kDisabled));
  if (repo) return;
  throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
}

}  // namespace

nlohmann::json lfs_action(const HubState& hub, const std::string& base_url,
                          const LinkGrant& grant) {
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(LinkSigner::kLifetime);
  return {{"href", base_url + hub.signer.link(grant)}, {"expires_in", lifetime.count()}};
}

LinkGrant grant_in(const HttpRequest& request, LinkUse use) {
  LinkGrant grant{use, request.capture("id"), {request.capture("oid"), number_in(request, "size")}};
  grant.chunk_bytes = number_in(request, "chunk");
  if (use == LinkUse::upload || use == LinkUse::part || use == LinkUse::offer ||
      use == LinkUse::offered) {
    grant.user_id = request.query_value("user").value_or("");
  }
  if (use == LinkUse::part) grant.part = part_number(request, grant);
  return grant;
}

LinkGrant checked_grant(const HubState& hub, const HttpRequest& request, LinkUse use) {
  const LinkGrant grant = grant_in(request, use);
  hub.signer.check(grant, request.query_value("expires").value_or(""),
                   request.query_value("sig").value_or(""));
  need_repository(hub, grant.repo_id);
  return grant;
}

HttpResponse lfs_json(const nlohmann::json& value, int status) {
  HttpResponse response = json_response(value, status);
  response.headers.set("Content-Type", "application/vnd.git-lfs+json; charset=utf-8");
  return response;
}

}  // namespace torchhub::server
