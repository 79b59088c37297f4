#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/api/xet_answer.h"
#include "server/http/api_error.h"
#include "server/xet/access.h"
#include "server/xet/shard_intake.h"
#include "torchhub/xet/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// huggingface_hub sends the word None where a pull request's branch is not made yet.
void need_revision(const HubState& hub, const RepoRow& repo, const HttpRequest& request) {
  const std::string& revision = request.capture("rev");
  if (revision == "None" && request.query_flag("create_pr")) return;
  need_commit(hub.open(repo), revision);
}

HttpResponse make_token(HubState& hub, const HttpRequest& request, bool to_write) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  const bool for_pull_request =
      request.query_flag("create_pr") || request.capture("rev").starts_with("refs/pr/");
  const XetGrant grant = to_write ? grant_xet_write(hub, caller, repo, for_pull_request)
                                  : grant_xet_read(caller, repo);
  need_revision(hub, repo, request);
  hub.xorbs.clean_now_and_then();
  if (to_write) hub.xorbs.touch({grant.repo_id, grant.user_id});
  const XetAccess access = make_xet_access(hub, hub.base_url(request), grant);
  HttpResponse response = json_response(access.body);
  for (const auto& [name, value] : access.headers.fields()) response.headers.set(name, value);
  return response;
}

xet::Hash hash_in(const HttpRequest& request) {
  const auto hash = xet::Hash::parse(request.capture("hash"));
  if (hash) return *hash;
  throw ApiError(400, "The address must end in a hash of 64 lower-case hex digits.");
}

/// A xorb, from the socket to its place.
class XorbBody final : public BodyConsumer {
 public:
  XorbBody(HubState& hub, XetSession session, const xet::Hash& hash, std::uint64_t bytes)
      : slot_(hub.upload_slots.take(session.user_id, "xet " + session.repo_id)),
        session_(std::move(session)),
        upload_(hub.xorbs, hash, bytes) {}

  void take(std::span<const std::byte> bytes) override { upload_.write(bytes); }
  HttpResponse finish() override {
    return json_response({{"was_inserted", upload_.commit(session_)}});
  }

 private:
  UploadSlots::Slot slot_;  ///< All xorbs for one repository are one upload.
  XetSession session_;
  XorbStore::Upload upload_;
};

/// Before a large body travels for nothing.
std::uint64_t announced_bytes(const HttpRequest& request, std::size_t limit, const char* what) {
  const std::uint64_t bytes = request.content_length.value_or(0);
  if (bytes <= limit) return bytes;
  throw ApiError(413, fmt::format("{} may have {} bytes.", what, limit));
}

/// Xorbs are nobody's LFS objects yet, so no quota counts them. A reader may have as many bytes of
/// them as of objects for pull requests. A writer, where there are quotas, so many more than these:
/// what he sent an hour ago may be here still.
std::uint64_t max_kept_bytes(const HubState& hub, const XetGrant& grant) {
  if (grant.right == XetRight::pull_request) return LfsOffers::kMaxBytes;
  const std::uint64_t quota = std::max(hub.options.max_repo_bytes, hub.options.max_account_bytes);
  return quota > 0 ? LfsOffers::kMaxBytes + quota : 0;
}

Answer start_xorb(HubState& hub, const HttpRequest& request) {
  const XetGrant grant = xet_writer(hub, request);
  const xet::Hash hash = hash_in(request);
  const auto bytes = announced_bytes(request, xet::kMaxReadXorbBytes, "A xorb");
  const XetSession session{grant.repo_id, grant.user_id, grant.right == XetRight::pull_request,
                           max_kept_bytes(hub, grant)};
  hub.xorbs.need_room(session, bytes);
  return std::make_unique<XorbBody>(hub, session, hash, bytes);
}

HttpResponse look_for_xorb(const HubState& hub, const HttpRequest& request) {
  const XetGrant grant = xet_reader(hub, request);
  const auto size = hub.xorbs.sent_by(grant.user_id, hash_in(request));
  // What others sent is nobody's business, and the bytes are not for reading.
  if (!size || request.method != "HEAD")
    throw ApiError(404, "There is no such xorb of yours here.");
  return {200, {{"Content-Type", "application/octet-stream"}}, BodySize{*size}};
}

xet::Shard parse(const std::string& body) {
  try {
    return xet::parse_shard(std::as_bytes(std::span(body)));
  } catch (const xet::XetError& error) {
    throw ApiError(400, fmt::format("The shard is refused: {}.", error.what()));
  }
}

Answer start_shard(HubState& hub, const HttpRequest& request) {
  const XetGrant grant = xet_writer(hub, request);
  announced_bytes(request, xet::kMaxShardBytes, "A shard");
  const XetSession session{grant.repo_id, grant.user_id, grant.right == XetRight::pull_request};
  return read_body(xet::kMaxShardBytes, [&hub, session](std::string body) {
    const xet::Shard shard = parse(body);
    body = {};  // the shard holds all of it
    const bool is_new = ShardIntake(hub, session).take(shard);
    return json_response({{"result", is_new ? 1 : 0}});
  });
}

Answer not_offered(const HttpRequest&) {
  throw ApiError(404, "This hub does not offer this part of the Xet API.");
}

}  // namespace

void add_xet_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/{type}/{repo}/xet-write-token/{rev}",
             [&hub](const HttpRequest& request) { return make_token(hub, request, true); });
  router.add("GET", "/api/{type}/{repo}/xet-read-token/{rev}",
             [&hub](const HttpRequest& request) { return make_token(hub, request, false); });
  router.add("POST", "/v1/xorbs/{prefix}/{hash}",
             [&hub](const HttpRequest& request) { return start_xorb(hub, request); });
  router.add("GET", "/v1/xorbs/{prefix}/{hash}",
             [&hub](const HttpRequest& request) { return look_for_xorb(hub, request); });
  router.add("POST", "/v1/shards",
             [&hub](const HttpRequest& request) { return start_shard(hub, request); });
  // Clients then send xorbs here, use /v1/shards, and send every chunk that they do not remember.
  router.add("POST", "/v1/xorb-grants/{prefix}/{hash}", not_offered);
  router.add("POST", "/v2/shards", not_offered);
  router.add("GET", "/v1/chunks/{prefix}/{hash}", not_offered);
  router.add("POST", "/v1/telemetry", [](const HttpRequest&) {
    constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
    return read_body(kMaxBytes, [](const std::string&) { return text_response(""); });
  });
}

}  // namespace torchhub::server
