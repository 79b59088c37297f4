#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

namespace torchhub::testing {
namespace {

using nlohmann::json;

constexpr const char* kDiscussions = "/api/models/demo/m/discussions";

Response propose(const HubClient& client, const std::string& content) {
  return client.commit("demo/m", to_ndjson(CommitFileLine{"a.txt", content}), "main?create_pr=1");
}

Response merge(const HubClient& client) {
  return client.send("POST", std::string(kDiscussions) + "/1/merge");
}

json open_refs(const HubClient& client) {
  return client.get_json("/api/models/demo/m/refs?include_prs=1").at("pullRequests");
}

/// The hub dies at a point between the making of a pull request and its merge.
class PullRequestCrash : public ::testing::TestWithParam<std::string_view> {
 protected:
  std::filesystem::path data() const { return folder_ / "data"; }

  /// @return the head of main before
  std::string die() {
    ServedHub hub(data(), {"--test-mode", "--fault-point", std::string(GetParam())});
    EXPECT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
    const std::string before = client.commit_file("demo/m", "b.txt", "there");
    EXPECT_THROW(
        {
          propose(client, "proposed");
          merge(client);
        },
        ConnectionError);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
    return before;
  }

  TempDir folder_;
};

TEST_P(PullRequestCrash, LeavesTheOldOrTheNewState) {
  const std::string before = die();
  ServedHub hub(data());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), hub.token());
  const auto head = [&] { return client.commit_at("demo/m"); };
  const json list = client.get_json(kDiscussions);
  if (GetParam() == "pr.reserved" || GetParam() == "pr.ref_made") {
    EXPECT_EQ(list.at("count"), 0);
    EXPECT_EQ(open_refs(client), json::array());
    EXPECT_EQ(propose(client, "proposed").status, 200);
  }
  const std::string first = std::string(kDiscussions) + "/1";
  if (GetParam() == "pr.merged") {
    EXPECT_EQ(client.get_json(first).at("status"), "merged");
    EXPECT_EQ(client.get_json(first).at("changes").at("mergeCommitId"), head());
  } else {
    EXPECT_EQ(head(), before);
    EXPECT_EQ(client.get_json(first).at("status"), "open");
    EXPECT_EQ(merge(client).status, 200);
  }
  EXPECT_EQ(open_refs(client).size(), 1U);
  EXPECT_EQ(client.get("/demo/m/resolve/main/a.txt").body, "proposed");
  EXPECT_EQ(client.get_json("/api/models/demo/m/commits/main").size(), 3U);
  EXPECT_EQ(merge(client).status, 409);
  expect_clean(data());
}

INSTANTIATE_TEST_SUITE_P(Points, PullRequestCrash,
                         ::testing::Values("pr.reserved", "pr.ref_made", "pr.merge_noted",
                                           "pr.merged"),
                         [](const auto& test) {
                           std::string name(test.param);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace torchhub::testing
