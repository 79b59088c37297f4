#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/lfs_batch.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/http/file_answer.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

#include <charconv>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr const char* kMediaType = "application/vnd.git-lfs+json; charset=utf-8";

HttpResponse lfs_json(const json& value) {
  HttpResponse response = json_response(value);
  response.headers.set("Content-Type", kMediaType);
  return response;
}

/// A link lives for a day, its repository perhaps not.
void need_repository(const HubState& hub, const std::string& id) {
  if (hub.repos.is_ready(id)) return;
  throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
}

/// What a signed link is about, once its signature is checked.
LinkGrant checked_grant(const HubState& hub, const HttpRequest& request, const char* method) {
  const std::string size = request.query_value("size").value_or("");
  LinkGrant grant{method, request.capture("id"), {request.capture("oid")}};
  std::from_chars(size.data(), size.data() + size.size(), grant.object.size);
  hub.signer.check(grant, request.query_value("expires").value_or(""),
                   request.query_value("sig").value_or(""));
  need_repository(hub, grant.repo_id);
  return grant;
}

/// Bytes of an object, from the socket to its place.
class ObjectBody final : public BodyConsumer {
 public:
  ObjectBody(HubState& hub, LinkGrant grant)
      : hub_(hub), grant_(std::move(grant)), upload_(hub.objects, grant_.object) {}

  void take(std::span<const std::byte> bytes) override { upload_.write(bytes); }

  HttpResponse finish() override {
    upload_.commit();
    hub_.repos.link(grant_.repo_id, {grant_.object});
    hub_.faults.reach("lfs.row_written");
    return text_response("");
  }

 private:
  HubState& hub_;
  LinkGrant grant_;
  ObjectStore::Upload upload_;
};

Answer upload(HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, "PUT");
  if (!request.chunked && request.content_length.value_or(0) != grant.object.size) {
    throw ApiError(
        422, fmt::format("The body has {} bytes, but {} were announced for object {}.",
                         request.content_length.value_or(0), grant.object.size, grant.object.oid));
  }
  return std::make_unique<ObjectBody>(hub, grant);
}

HttpResponse download(const HubState& hub, const HttpRequest& request) {
  const LinkGrant grant = checked_grant(hub, request, "GET");
  const std::string& oid = grant.object.oid;
  const auto size = hub.objects.size(oid);
  auto file = hub.objects.open(oid);
  if (!size || !file || !hub.repos.is_linked(grant.repo_id, oid)) {
    throw ApiError(404, "This repository has no such object.");
  }
  FileToSend send{.etag = oid, .size = *size};
  send.headers.set("Content-Type", "application/octet-stream");
  return answer_with_file(request, std::move(send), *std::move(file));
}

HttpResponse verify(const HubState& hub, const std::string& repo_id, const LfsPointer& object) {
  if (!hub.repos.is_linked(repo_id, object.oid) || hub.objects.size(object.oid) != object.size) {
    throw ApiError(404, "This repository has no such object of this size.");
  }
  return lfs_json(json::object());
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
  router.add("POST", "/_lfs/verify/{id}/{oid}", [&hub](const HttpRequest& request) {
    const LinkGrant grant = checked_grant(hub, request, "POST");
    constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
    return read_body(kMaxBytes, [&hub, grant](const std::string&) {
      return verify(hub, grant.repo_id, grant.object);
    });
  });
  // What 1.20 and later of huggingface_hub with hf_xet ask for instead of a batch.
  for (const char* word : {"xet-write-token", "xet-read-token"}) {
    router.add("GET", fmt::format("/api/{{type}}/{{repo}}/{}/{{path...}}", word),
               [&hub](const HttpRequest& request) -> Answer {
                 Gate(hub).caller(request);
                 throw ApiError(404, "Xet is not available here; set HF_HUB_DISABLE_XET=1");
               });
  }
}

}  // namespace torchhub::server
