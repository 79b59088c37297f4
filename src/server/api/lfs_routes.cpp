#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/lfs_batch.h"
#include "server/api/lfs_links.h"
#include "server/api/object_upload.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/http/file_answer.h"
#include "server/repos/json_object.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

Answer upload(HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, LinkUse::upload);
  need_announced_size(request, grant.object);
  hub.repo_objects.need_room(grant.repo_id, {grant.object});
  return take_object(hub, grant.object, slot_of(hub, grant), [&hub, grant] {
    hub.repo_objects.link(grant.repo_id, {grant.object});
    hub.faults.reach("lfs.row_written");
  });
}

HttpResponse download(const HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, LinkUse::download);
  const std::string& oid = grant.object.oid;
  const auto size = hub.objects.size(oid);
  auto file = hub.objects.open(oid);
  if (!size || !file || !hub.repo_objects.is_linked(grant.repo_id, oid)) {
    throw ApiError(404, "This repository has no such object.");
  }
  FileToSend send{.etag = oid, .size = *size};
  send.headers.set("Content-Type", "application/octet-stream");
  return answer_with_file(request, std::move(send), *std::move(file));
}

/// A verification is allowed by the link itself, or to the caller once the link has run out.
LinkGrant grant_to_verify(const HubState& hub, const HttpRequest& request) {
  try {
    return checked_grant(hub, request, LinkUse::verify);
  } catch (const ApiError& error) {
    const auto repo = hub.repos.by_id(request.capture("id"));
    if (error.status() != 403 || !request.headers.get("Authorization") || !repo) throw;
    const Gate gate(hub, Gate::Style::lfs);
    if (gate.access(gate.caller(request), *repo) == Access::none) throw;
    return grant_in(request, LinkUse::verify);
  }
}

/// `{oid, size}`. @throws ApiError 422
LfsPointer parse_pointer(const json& body) {
  const json oid = body.value("oid", json());
  const json size = body.value("size", json());
  if (oid.is_string() && is_lfs_oid(oid.get<std::string>()) && size.is_number_unsigned()) {
    return {oid.get<std::string>(), size.get<std::uint64_t>()};
  }
  throw ApiError(422, "Verify one object: 'oid' of 64 lower-case hex digits, and its 'size'.");
}

HttpResponse verify(const HubState& hub, const std::string& repo_id, const LfsPointer& object) {
  if (hub.multipart.is_stored(repo_id, object)) return lfs_json(json::object());
  throw ApiError(404, "This repository has no such object of this size.");
}

Answer start_verify_by_link(const HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = grant_to_verify(hub, request);
  constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
  return read_body(kMaxBytes, [&hub, grant](const std::string& text) {
    // The link says it all; a body that says otherwise belongs to another link.
    const json body = find_json_object(text).value_or(json::object());
    if (body.value("oid", json(grant.object.oid)) != grant.object.oid) {
      throw ApiError(403, "This link verifies another object than that of 'oid'.");
    }
    return verify(hub, grant.repo_id, grant.object);
  });
}

Answer start_verify_by_name(const HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::lfs).readable(request);
  return read_json(
      [&hub, repo](const json& body) { return verify(hub, repo.id, parse_pointer(body)); });
}

Answer start_batch(HubState& hub, const HttpRequest& request) {
  const Gate gate(hub, Gate::Style::lfs);
  const Caller caller = gate.caller(request);
  const RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  const std::string base_url = hub.base_url(request);
  return read_json([&hub, repo, caller, base_url](const json& body) {
    return lfs_json(lfs_batch(hub, repo, caller, base_url, body));
  });
}

}  // namespace

void add_lfs_routes(Router& router, HubState& hub) {
  router.add("POST", "/{web}/{repo}/info/lfs/objects/batch",
             [&hub](const HttpRequest& request) { return start_batch(hub, request); });
  router.add("PUT", "/_lfs/upload/{id}/{oid}",
             [&hub](const HttpRequest& request) { return upload(hub, request); });
  router.add("GET", "/_lfs/download/{id}/{oid}",
             [&hub](const HttpRequest& request) { return download(hub, request); });
  router.add("POST", "/_lfs/verify/{id}/{oid}",
             [&hub](const HttpRequest& request) { return start_verify_by_link(hub, request); });
  router.add("POST", "/{web}/{repo}/info/lfs/verify",
             [&hub](const HttpRequest& request) { return start_verify_by_name(hub, request); });
}

}  // namespace torchhub::server
