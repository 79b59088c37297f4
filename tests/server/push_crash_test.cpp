#include "server/git_user.h"
#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "server/store/fault_point.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> push_points() {
  std::vector<std::string_view> out(server::kFaultPoints.begin(), server::kFaultPoints.end());
  std::erase_if(out, [](std::string_view point) { return !point.starts_with("push."); });
  return out;
}

std::string head_of(const HubClient& client, const std::string& branch) {
  const Response answer = client.get("/api/models/demo/m/revision/" + branch);
  if (answer.status != 200) return "";
  return nlohmann::json::parse(answer.body).at("sha");
}

class PushCrashTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  fs::path data() const { return folder_ / "data"; }
  TempDir folder_;
};

TEST_P(PushCrashTest, MovesAllRefsOrNone) {
  std::string before;
  std::string after;
  {
    ServedHub hub(data(), {"--test-mode", "--fault-point", std::string(GetParam())});
    ASSERT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
    before = head_of(client, "main");
    const GitUser ana(hub.base_url(), hub.token());
    ana.clone("demo/m", "m");
    after = ana.commit("m", "a.txt", "after");
    const Finished push = ana.in("m", {"push", "--atomic", "origin", "main", "main:other"});
    EXPECT_NE(push.exit_code, 0);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  ServedHub hub(data());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  HubClient client(hub.base_url(), hub.token());
  const bool moved = GetParam() != "push.objects_durable";
  EXPECT_EQ(head_of(client, "main"), moved ? after : before);
  EXPECT_EQ(head_of(client, "other"), moved ? after : "");
  EXPECT_EQ(client.get("/demo/m/resolve/main/a.txt").status, moved ? 200 : 404);
  // Whatever was lost can be done again.
  const GitUser ana(hub.base_url(), hub.token());
  ana.clone("demo/m", "m");
  const std::string commit = ana.commit("m", "b.txt", "again");
  EXPECT_EQ(ana.in("m", {"push", "origin", "main"}).exit_code, 0);
  EXPECT_EQ(head_of(client, "main"), commit);
  expect_clean(data());
}

INSTANTIATE_TEST_SUITE_P(Points, PushCrashTest, ::testing::ValuesIn(push_points()),
                         [](const auto& test) {
                           std::string name(test.param);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(PushCrashAtAnyMoment, KeepsEveryPushThatWasAnswered) {
  constexpr unsigned kSeed = 20261127;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start());
  {
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
  }
  const GitUser ana(hub.base_url(), hub.token());
  ana.clone("demo/m", "m");
  std::vector<std::string> answered;
  for (int round = 0; round < 6; ++round) {
    const std::string url =
        "http://any:" + hub.token() + "@" + hub.base_url().substr(7) + "/demo/m";
    // Any moment of a push is as good as any other: the point is that nobody chose it.
    const std::chrono::microseconds delay(std::uniform_int_distribution(0, 300'000)(random));
    std::thread killer([&hub, delay] {
      std::this_thread::sleep_for(delay);
      hub.process().signal(SIGKILL);
    });
    for (int i = 0;; ++i) {
      const std::string commit = ana.commit("m", "a.txt", std::to_string(round * 1000 + i));
      if (ana.in("m", {"push", "-q", url, "main"}).exit_code != 0) break;
      answered.push_back(commit);
    }
    killer.join();
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
    ASSERT_TRUE(hub.start());
  }
  const HubClient client(hub.base_url(), hub.token());
  for (const std::string& commit : answered) {
    EXPECT_EQ(client.get("/demo/m/resolve/" + commit + "/a.txt").status, 200) << commit;
  }
  expect_clean(folder / "data");
}

}  // namespace
}  // namespace torchhub::testing
