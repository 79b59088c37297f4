#include "server/kills/load.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// Commits one file again and again, and a large folder now and then.
class CommitLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    const std::string head = client.commit_at("demo/texts");
    const Response file = client.get("/demo/texts/resolve/main/a.txt");
    const std::string found = file.status == 404 ? "" : file.body;
    EXPECT_TRUE(found == last_ || found == under_way_) << found << " but not " << last_;
    last_ = found;
    for (const auto& [commit, content] : answered_.seen_by(look)) {
      EXPECT_EQ(client.get("/demo/texts/resolve/" + commit + "/a.txt").body, content) << commit;
      EXPECT_EQ(client.get("/demo/texts/resolve/" + commit + "/b/" + content).body, content);
    }
    EXPECT_EQ(client.get("/api/models/demo/texts/tree/" + head + "?recursive=true").status, 200);
  }

 private:
  void work(const HubClient& client, int turn) override {
    under_way_ = numbered("content-", turn);
    std::string lines = to_ndjson(CommitFileLine{"a.txt", under_way_}) +
                        to_ndjson(CommitFileLine{"b/" + under_way_, under_way_});
    constexpr int kLarge = 10;
    for (int i = 0; turn % kLarge == kLarge - 1 && i < 200; ++i) {  // so many go into a pack
      lines += to_ndjson(CommitFileLine{numbered("many/", i), under_way_ + std::to_string(i)});
    }
    const Response response = client.commit("demo/texts", lines);
    ASSERT_EQ(response.status, 200) << response.body;
    answered_.add({json::parse(response.body).at("commitOid"), under_way_});
    last_ = under_way_;
  }

  Answered<std::pair<std::string, std::string>> answered_ = {};
  std::string last_ = {};
  std::string under_way_ = {};
};

}  // namespace

std::unique_ptr<KillLoad> make_commit_load() { return std::make_unique<CommitLoad>(); }

}  // namespace torchhub::testing
