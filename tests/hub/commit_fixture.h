#pragma once

#include "hub/scripted_hub.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {

using nlohmann::json;

inline const std::string kPreupload = "POST /api/models/demo/resnet/preupload/main";
inline const std::string kCommitRoute = "POST /api/models/demo/resnet/commit/main";
inline const std::string kCommits = "GET /api/models/demo/resnet/commits/main";
inline const std::string kHead = "GET /api/models/demo/resnet/revision/main";
inline const std::string kOurPaths = "POST /api/models/demo/resnet/paths-info/" + kOtherCommit;
inline const std::string kBatch = "POST /demo/resnet.git/info/lfs/objects/batch";

inline std::vector<json> lines_of(const std::string& body) {
  std::vector<json> lines;
  std::istringstream text(body);
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

inline std::string history(std::vector<std::pair<std::string, std::string>> commits,
                           const std::string& description = "") {
  json list = json::array();
  for (const auto& [id, title] : commits) {
    list.push_back({{"id", id}, {"title", title}, {"message", description}});
  }
  return list.dump();
}

inline json small(const std::string& path, const std::string& bytes) {
  return {{"type", "file"}, {"path", path}, {"oid", git_blob_id(bytes)}, {"size", bytes.size()}};
}
inline json large(const std::string& path, const std::string& bytes) {
  return {{"type", "file"},
          {"path", path},
          {"oid", std::string(40, 'f')},
          {"size", bytes.size()},
          {"lfs", {{"oid", sha256_hex(bytes)}, {"size", bytes.size()}}}};
}

/// A hub at kCommit whose `*.bin` go to LFS, and that makes kOtherCommit of the next commit, in
/// which the file of commit_a_file() lies.
struct CommitTest : ::testing::Test {
  ScriptedHub hub;
  std::map<std::string, std::string> remote_oids;
  CommitOptions options{.commit_message = "a title"};

  void SetUp() override {
    hub.on(kPreupload, [this](const ReceivedRequest& request) {
      const json asked = json::parse(request.body);
      json files = json::array();
      for (const json& file : asked.at("files")) {
        const std::string path = file.at("path");
        json entry{{"path", path},
                   {"uploadMode", path.ends_with(".bin") ? "lfs" : "regular"},
                   {"shouldIgnore", path.ends_with(".log")}};
        if (remote_oids.contains(path)) entry["oid"] = remote_oids[path];
        files.push_back(std::move(entry));
      }
      return ScriptedReply{.body = json{{"files", files}, {"commitOid", kCommit}}.dump()};
    });
    hub.on(kHead, {.body = json{{"sha", kCommit}}.dump()});
    hub.on(kCommitRoute, {.body = made()});
    hub.on(kOurPaths, {.body = json::array({small("a.txt", "hello")}).dump()});
  }

  static std::string made() {
    return json{{"success", true}, {"commitOid", kOtherCommit}, {"commitUrl", "http://h/c"}}.dump();
  }

  CommitInfo commit(const std::vector<CommitOperation>& operations) {
    return hub.client().create_commit(demo_repo(), operations, options);
  }
  CommitInfo commit_a_file() { return commit({CommitOperationAdd::from_bytes("a.txt", "hello")}); }

  std::vector<json> sent_lines() const {
    for (const auto& request : hub.server().requests()) {
      if (request.method + " " + request.path() == kCommitRoute) return lines_of(request.body);
    }
    return {};
  }
  int tries() const {
    int count = 0;
    for (const auto& request : hub.server().requests()) {
      count += request.method + " " + request.path() == kCommitRoute;
    }
    return count;
  }
};

}  // namespace torchhub::testing
