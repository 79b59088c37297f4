#pragma once

#include "support/fake_clock.h"
#include "support/scripted_server.h"
#include "support/temp_dir.h"
#include "torchhub/hub/client.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace torchhub::testing {

inline const std::string kCommit = "1111111111111111111111111111111111111111";
inline const std::string kOtherCommit = "2222222222222222222222222222222222222222";

inline Repo demo_repo() { return {.id = RepoId::parse("demo/resnet")}; }

/// A server with an answer for each "METHOD /path" (404 for others), a client of it with the token
/// "hf_test", a cache of its own, and time that passes at once.
class ScriptedHub {
 public:
  using Answer = std::function<ScriptedReply(const ReceivedRequest&)>;

  ScriptedHub() : server_([this](const ReceivedRequest& request) { return answer(request); }) {}

  void on(const std::string& method_and_path, Answer answer) {
    answers_[method_and_path] = std::move(answer);
  }
  void on(const std::string& method_and_path, ScriptedReply reply) {
    on(method_and_path, [reply](const ReceivedRequest&) { return reply; });
  }

  HubOptions options() const {
    return {.endpoint = server_.url(),
            .token = "hf_test",
            .cache_dir = folder_ / "cache",
            .retry = {.jitter = 0},
            .clock = clock_};
  }
  HubClient client() const { return HubClient(options()); }
  const ScriptedServer& server() const { return server_; }
  const TempDir& folder() const { return folder_; }
  FakeClock& clock() const { return *clock_; }
  std::filesystem::path cached(const std::string& path) const {
    return folder_ / "cache" / "models--demo--resnet" / path;
  }

 private:
  ScriptedReply answer(const ReceivedRequest& request) {
    const auto found = answers_.find(request.method + " " + request.path());
    if (found == answers_.end()) return {.status = 404, .body = R"({"error":"no such route"})"};
    return found->second(request);
  }

  TempDir folder_;
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::map<std::string, Answer> answers_;
  ScriptedServer server_;
};

}  // namespace torchhub::testing
