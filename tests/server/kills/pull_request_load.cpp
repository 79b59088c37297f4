#include "server/kills/load.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace torchhub::testing {
namespace {

using nlohmann::json;

constexpr const char* kRequests = "/api/models/demo/requests/discussions";

/// How far one is.
enum class Stage { made, commented, ended };

struct PullRequest {
  std::int64_t num = 0;
  int turn = 0;
  Stage stage = Stage::made;

  std::string url() const { return std::string(kRequests) + "/" + std::to_string(num); }
  std::string file() const { return numbered("file-", turn); }
  std::string comment() const { return numbered("comment ", turn); }
  /// Its status once it has ended.
  std::string end() const {
    constexpr int kKinds = 3;
    return turn % kKinds == 0 ? "merged" : turn % kKinds == 1 ? "closed" : "open";
  }
};

bool has_comment(const json& details, const std::string& text) {
  const json& events = details.at("events");
  return std::any_of(events.begin(), events.end(), [&](const json& event) {
    return event.at("type") == "comment" && event.at("data").at("latest").at("raw") == text;
  });
}

/// Proposes changes, comments them, and merges or closes them or neither.
class PullRequestLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    if (current_) {
      current_->stage = stage_found(client, *current_);
      answered_.add(*current_);
      current_.reset();
    }
    for (const PullRequest& request : answered_.seen_by(look)) {
      EXPECT_EQ(stage_found(client, request), request.stage) << request.num;
      if (::testing::Test::HasFailure()) return;
    }
    // Also one whose making was not answered is whole.
    const json all = client.get_json(kRequests);
    for (const json& listed : all.at("discussions")) {
      const std::string num = std::to_string(listed.at("num").get<int>());
      EXPECT_EQ(client.get(std::string(kRequests) + "/" + num).status, 200) << num;
      EXPECT_EQ(client.get("/api/models/demo/requests/revision/refs%2Fpr%2F" + num).status, 200);
    }
  }

 private:
  /// How far it is; fails the test if that is less than what was answered, or only half of it.
  static Stage stage_found(const HubClient& client, const PullRequest& request) {
    const json details = client.get_json(request.url());
    const std::string files = "/demo/requests/resolve/";
    const std::string ref = "refs%2Fpr%2F" + std::to_string(request.num);
    EXPECT_EQ(client.get(files + ref + "/" + request.file()).body, request.file());
    const bool merged = details.at("status") == "merged";
    EXPECT_EQ(client.get(files + "main/" + request.file()).status, merged ? 200 : 404)
        << request.num;
    const bool commented = has_comment(details, request.comment());
    const bool ended = commented && details.at("status") == request.end();
    EXPECT_TRUE(ended || details.at("status") == "open") << details.at("status");
    EXPECT_GE(commented, request.stage >= Stage::commented) << request.num;
    EXPECT_GE(ended, request.stage == Stage::ended) << request.num;
    return ended ? Stage::ended : commented ? Stage::commented : Stage::made;
  }

  void work(const HubClient& client, int turn) override {
    PullRequest request{.turn = turn};
    const Response made =
        client.commit("demo/requests", to_ndjson(CommitFileLine{request.file(), request.file()}),
                      "main?create_pr=1");
    ASSERT_EQ(made.status, 200) << made.body;
    const std::string url = json::parse(made.body).at("pullRequestUrl");
    request.num = std::stoll(url.substr(url.rfind('/') + 1));
    current_ = request;
    ASSERT_EQ(client.post(request.url() + "/comment", {{"comment", request.comment()}}).status,
              200);
    current_->stage = Stage::commented;
    if (request.end() == "merged") {
      const Response merged = client.send("POST", request.url() + "/merge");
      ASSERT_EQ(merged.status, 200) << merged.body;
    } else if (request.end() == "closed") {
      ASSERT_EQ(client.post(request.url() + "/status", {{"status", "closed"}}).status, 200);
    }
    current_->stage = Stage::ended;
    answered_.add(*current_);
    current_.reset();
  }

  Answered<PullRequest> answered_ = {};
  std::optional<PullRequest> current_ = std::nullopt;
};

}  // namespace

std::unique_ptr<KillLoad> make_pull_request_load() { return std::make_unique<PullRequestLoad>(); }

}  // namespace torchhub::testing
