#pragma once

#include "support/local_hub.h"
#include "torchhub/http/transport.h"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// Speaks plain HTTP to a hub, so that its tests do not lean on our own client.
class HubClient {
 public:
  HubClient(std::string base_url, std::string token)
      : base_url_(std::move(base_url)),
        token_(std::move(token)),
        transport_(make_curl_transport()) {}
  explicit HubClient(const LocalHub& hub) : HubClient(hub.base_url(), hub.token()) {}

  /// `target` is a path of the hub or a whole URL; paths get the token.
  Response send(const std::string& method, const std::string& target, std::string body = {},
                Headers headers = {}) const;
  Response get(const std::string& target, Headers headers = {}) const {
    return send("GET", target, {}, std::move(headers));
  }
  Response head(const std::string& target, Headers headers = {}) const {
    return send("HEAD", target, {}, std::move(headers));
  }
  Response post(const std::string& target, const nlohmann::json& body) const {
    return send("POST", target, body.dump(), {{"Content-Type", "application/json"}});
  }
  /// The JSON of a 200 answer; fails the test for any other.
  nlohmann::json get_json(const std::string& target) const;

  void create_repo(const std::string& name, const nlohmann::json& more = nlohmann::json::object());
  /// Commits lines as wire/commit_lines.h makes them, behind a header.
  Response commit(const std::string& repo, const std::string& lines,
                  const std::string& revision = "main", const std::string& parent = {}) const;
  /// Commits one small file. @return the new commit
  std::string commit_file(const std::string& repo, const std::string& path,
                          const std::string& content, const std::string& revision = "main") const;
  /// The commit that a revision of a model names.
  std::string commit_at(const std::string& repo, const std::string& revision = "main") const;
  /// Sends an object by LFS. @return its oid
  std::string upload(const std::string& repo, const std::string& bytes) const;
  /// The batch answer's entry for one object.
  nlohmann::json batch(const std::string& repo, const std::string& operation,
                       const std::string& oid, std::uint64_t size) const;

  /// The whole answer to a batch that offers `transfers`.
  nlohmann::json batch_answer(
      const std::string& repo, const std::string& operation,
      const std::vector<std::string>& transfers,
      const std::vector<std::pair<std::string, std::uint64_t>>& objects) const;
  /// Sends an object in parts, as far as the hub wants it so. @return its oid
  std::string upload_in_parts(const std::string& repo, const std::string& bytes) const;

  const std::string& base_url() const { return base_url_; }
  const std::string& token() const { return token_; }

 private:
  std::string base_url_;
  std::string token_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace torchhub::testing
