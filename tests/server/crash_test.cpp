#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "server/store/fault_point.h"
#include "server/xet_push.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// The hub as it is before the crash: one repository with one file and one LFS object.
class CrashTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  fs::path data() const { return folder_ / "data"; }

  std::string prepare() {
    ServedHub hub(data());
    EXPECT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
    client.upload("demo/m", "an object that was acknowledged");
    const std::string commit = client.commit_file("demo/m", "a.txt", "before");
    hub.process().signal(SIGKILL);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
    return commit;
  }

  TempDir folder_;
};

TEST_P(CrashTest, LeavesTheOldOrTheNewState) {
  const std::string before = prepare();
  const std::string bytes(50'000, 'n');
  const std::string in_parts(70'000, 'p');
  {
    ServedHub hub(data(), {"--test-mode", "--fault-point", std::string(GetParam()),
                           "--multipart-threshold", "60KB"});
    ASSERT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    EXPECT_THROW(
        {
          client.upload("demo/m", bytes);
          client.upload_in_parts("demo/m", in_parts);
          XetPusher(client, "models/demo/m").push(cut_for_xet("bytes that come by Xet"));
          client.commit("demo/m",
                        to_ndjson(CommitFileLine{"a.txt", "after"}) +
                            to_ndjson(CommitLfsFileLine{"m.bin", sha256_hex(bytes), bytes.size()}));
          client.post("/api/repos/create", {{"name", "second"}});
          client.send("DELETE", "/api/repos/delete", R"({"name": "m"})");
        },
        ConnectionError);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  ServedHub hub(data(), {"--multipart-threshold", "60KB"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  HubClient client(hub.base_url(), hub.token());
  if (GetParam() == "delete.marked") {
    EXPECT_EQ(client.get("/api/models/demo/m").status, 404);
  } else {
    const std::string head = client.commit_at("demo/m");
    const bool moved = GetParam() == "commit.ref_moved" || GetParam().starts_with("create.");
    EXPECT_EQ(head != before, moved);
    EXPECT_EQ(client.get("/demo/m/resolve/main/a.txt").body, moved ? "after" : "before");
    EXPECT_EQ(client.get("/demo/m/resolve/main/m.bin").body == bytes, moved);
    EXPECT_EQ(client.batch("demo/m", "download", sha256_hex("an object that was acknowledged"), 31)
                  .count("actions"),
              1U);
    // Whatever was lost can be done again.
    EXPECT_EQ(client.upload("demo/m", bytes), sha256_hex(bytes));
    EXPECT_EQ(client.upload_in_parts("demo/m", in_parts), sha256_hex(in_parts));
    XetPusher(client, "models/demo/m").push(cut_for_xet("bytes that come by Xet"));
    EXPECT_FALSE(client.commit_file("demo/m", "a.txt", "again").empty());
  }
  client.create_repo("third");
  expect_clean(data());
}

/// Those of pull requests, pushes and rewrites have tests of their own.
std::vector<std::string_view> other_points() {
  std::vector<std::string_view> out(server::kFaultPoints.begin(), server::kFaultPoints.end());
  std::erase_if(out, [](std::string_view point) {
    return point.starts_with("pr.") || point.starts_with("push.") || point.starts_with("rewrite.");
  });
  return out;
}

INSTANTIATE_TEST_SUITE_P(Points, CrashTest, ::testing::ValuesIn(other_points()),
                         [](const auto& test) {
                           std::string name(test.param);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

/// What a hub had been told when it was killed.
struct Told {
  std::vector<std::string> answered = {};  ///< Commits.
  std::string content = {};                ///< Of the last commit that was answered.
  std::string under_way = {};              ///< Of the one that was not.
};

/// Commits one after the other until the hub is gone.
void commit_until_killed(const HubClient& client, const std::string& prefix, Told& told) {
  try {
    for (int i = 0;; ++i) {
      told.under_way = prefix + "." + std::to_string(i);
      const std::string commit = client.commit_file("demo/m", "a.txt", told.under_way);
      if (commit.empty()) return;  // refused, which has failed the test by now
      told.answered.push_back(commit);
      told.content = told.under_way;
    }
  } catch (const ConnectionError&) {
  }
}

TEST(CrashAtAnyMoment, KeepsEveryCommitThatWasAnswered) {
  constexpr unsigned kSeed = 20261125;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const TempDir folder;
  ServedHub hub(folder / "data");
  Told told;
  for (int round = 0; round < 8; ++round) {
    ASSERT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    if (round == 0) {
      client.create_repo("m");
      told.answered.push_back(client.commit_file("demo/m", "a.txt", "first"));
      told.content = told.under_way = "first";
    }
    const std::string found = client.get("/demo/m/resolve/main/a.txt").body;
    EXPECT_TRUE(found == told.content || found == told.under_way) << found;
    told.content = found;
    // Any moment of a commit is as good as any other: the point is that nobody chose it.
    const std::chrono::microseconds delay(std::uniform_int_distribution(0, 60'000)(random));
    std::thread killer([&hub, delay] {
      std::this_thread::sleep_for(delay);
      hub.process().signal(SIGKILL);
    });
    commit_until_killed(client, std::to_string(round), told);
    killer.join();
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(hub.start());
  const HubClient client(hub.base_url(), hub.token());
  for (const std::string& commit : told.answered) {
    EXPECT_EQ(client.get("/demo/m/resolve/" + commit + "/a.txt").status, 200) << commit;
  }
  expect_clean(folder / "data");
}

}  // namespace
}  // namespace torchhub::testing
