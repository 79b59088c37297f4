#include "server/hub_client.h"

#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

using nlohmann::json;

Response HubClient::send(const std::string& method, const std::string& target, std::string body,
                         Headers headers) const {
  Request request;
  request.method = method;
  const bool path = target.starts_with('/');
  request.url = path ? base_url_ + target : target;
  request.headers = std::move(headers);
  if (path && !token_.empty() && !request.headers.get("Authorization")) {
    request.headers.set("Authorization", "Bearer " + token_);
  }
  if (!body.empty()) request.body = std::move(body);
  return transport_->send(request, {});
}

json HubClient::get_json(const std::string& target) const {
  const Response response = get(target);
  EXPECT_EQ(response.status, 200) << target << ": " << response.body;
  return json::parse(response.body, nullptr, false);
}

void HubClient::create_repo(const std::string& name, const json& more) {
  json body{{"name", name}};
  body.update(more);
  const Response response = post("/api/repos/create", body);
  ASSERT_EQ(response.status, 200) << response.body;
}

Response HubClient::commit(const std::string& repo, const std::string& lines,
                           const std::string& revision, const std::string& parent) const {
  CommitHeaderLine header{"a change"};
  if (!parent.empty()) header.parent_commit = parent;
  return send("POST", "/api/models/" + repo + "/commit/" + revision, to_ndjson(header) + lines,
              {{"Content-Type", "application/x-ndjson"}});
}

std::string HubClient::commit_file(const std::string& repo, const std::string& path,
                                   const std::string& content, const std::string& revision) const {
  const Response response = commit(repo, to_ndjson(CommitFileLine{path, content}), revision);
  EXPECT_EQ(response.status, 200) << response.body;
  const json answer = json::parse(response.body, nullptr, false);
  return answer.is_object() ? answer.value("commitOid", "") : "";
}

std::string HubClient::commit_at(const std::string& repo, const std::string& revision) const {
  return get_json("/api/models/" + repo + "/revision/" + revision).at("sha");
}

json HubClient::batch(const std::string& repo, const std::string& operation, const std::string& oid,
                      std::uint64_t size) const {
  const Response response = send("POST", "/" + repo + ".git/info/lfs/objects/batch",
                                 json{{"operation", operation},
                                      {"transfers", {"basic"}},
                                      {"objects", {{{"oid", oid}, {"size", size}}}}}
                                     .dump(),
                                 {{"Content-Type", "application/vnd.git-lfs+json"}});
  EXPECT_EQ(response.status, 200) << response.body;
  return json::parse(response.body).at("objects").at(0);
}

json HubClient::batch_answer(
    const std::string& repo, const std::string& operation,
    const std::vector<std::string>& transfers,
    const std::vector<std::pair<std::string, std::uint64_t>>& objects) const {
  json body{{"operation", operation}, {"transfers", transfers}, {"objects", json::array()}};
  for (const auto& [oid, size] : objects) body["objects"].push_back({{"oid", oid}, {"size", size}});
  const Response response = post("/" + repo + ".git/info/lfs/objects/batch", body);
  EXPECT_EQ(response.status, 200) << response.body;
  return json::parse(response.body, nullptr, false);
}

std::string HubClient::upload_in_parts(const std::string& repo, const std::string& bytes) const {
  const std::string oid = sha256_hex(bytes);
  const json answer = batch_answer(repo, "upload", {"basic", "multipart"}, {{oid, bytes.size()}});
  const json object = answer.at("objects").at(0);
  if (!object.contains("actions")) return oid;
  const json upload = object.at("actions").at("upload");
  const std::size_t chunk = std::stoul(upload.at("header").at("chunk_size").get<std::string>());
  json parts = json::array();
  for (const auto& [key, link] : upload.at("header").items()) {
    if (key == "chunk_size") continue;
    const std::size_t number = std::stoul(key);
    const Response put =
        send("PUT", link.get<std::string>(), bytes.substr((number - 1) * chunk, chunk));
    EXPECT_EQ(put.status, 200) << put.body;
    parts.push_back({{"partNumber", number}, {"etag", put.headers.get("ETag").value_or("")}});
  }
  const Response done = send("POST", upload.at("href").get<std::string>(),
                             json{{"oid", oid}, {"parts", std::move(parts)}}.dump());
  EXPECT_EQ(done.status, 200) << done.body;
  return oid;
}

std::string HubClient::upload(const std::string& repo, const std::string& bytes) const {
  const std::string oid = sha256_hex(bytes);
  const json object = batch(repo, "upload", oid, bytes.size());
  if (!object.contains("actions")) return oid;
  const Response response =
      send("PUT", object["actions"]["upload"]["href"].get<std::string>(), bytes);
  EXPECT_EQ(response.status, 200) << response.body;
  return oid;
}

}  // namespace torchhub::testing
