#include "server/kills/load.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <optional>

namespace torchhub::testing {
namespace {

using nlohmann::json;

constexpr const char* kRewritten = "demo/rewritten";
constexpr const char* kApi = "/api/models/demo/rewritten";

/// A file that goes into a branch and a tag, and out of the history of both.
struct File {
  int turn = 0;
  bool tagged = false;
  bool removed = false;

  std::string name() const { return numbered("secret-", turn); }
  std::string text() const { return numbered("kept-", turn); }
};

/// Writes history anew, over and over: files are taken out of it, and now and then all of it is
/// squashed.
class RewriteLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    if (current_) {
      const bool in_branch = has(client, "main", current_->name());
      if (current_->tagged) {
        EXPECT_EQ(has(client, current_->name(), current_->name()), in_branch)
            << "one half of a rewrite";
      }
      EXPECT_TRUE(!current_->removed || !in_branch) << current_->name();
      current_.reset();
    }
    for (const File& file : answered_.seen_by(look)) {
      for (const std::string& revision : {std::string("main"), file.name()}) {
        EXPECT_FALSE(has(client, revision, file.name())) << revision;
        EXPECT_TRUE(has(client, revision, file.text())) << revision;
      }
    }
  }

 private:
  static bool has(const HubClient& client, const std::string& revision, const std::string& path) {
    const int status = client.head("/demo/rewritten/resolve/" + revision + "/" + path).status;
    EXPECT_TRUE(status == 200 || status == 404) << status;  // a pointer never outlives its object
    return status == 200;
  }

  void work(const HubClient& client, int turn) override {
    current_ = File{.turn = turn};
    const std::string bytes = bytes_of_turn("secret ", turn, 10'000);
    const std::string oid = client.upload(kRewritten, bytes);
    const Response committed = client.commit(
        kRewritten, to_ndjson(CommitLfsFileLine{current_->name(), oid, bytes.size()}) +
                        to_ndjson(CommitFileLine{current_->text(), current_->text()}));
    ASSERT_EQ(committed.status, 200) << committed.body;
    ASSERT_EQ(client.post(std::string(kApi) + "/tag/main", {{"tag", current_->name()}}).status,
              200);
    current_->tagged = true;
    const Response removed =
        client.post(std::string(kApi) + "/lfs-files/batch",
                    {{"deletions", {{"sha", json::array({oid})}, {"rewriteHistory", true}}}});
    ASSERT_EQ(removed.status, 200) << removed.body;
    answered_.add(*current_);
    current_.reset();
    constexpr int kEach = 5;
    if (turn % kEach != 0) return;
    const Response squashed = client.post(std::string(kApi) + "/super-squash/main", json::object());
    ASSERT_EQ(squashed.status, 200) << squashed.body;
  }

  Answered<File> answered_ = {};
  std::optional<File> current_ = std::nullopt;
};

}  // namespace

std::unique_ptr<KillLoad> make_rewrite_load() { return std::make_unique<RewriteLoad>(); }

}  // namespace torchhub::testing
