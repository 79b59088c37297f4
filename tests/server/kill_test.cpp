#include "server/kill_loads.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "support/number_from_environment.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

/// SIGKILL at moments that nobody chose, under a mixed load. TORCHHUB_KILLS says how many (default
/// 12; the acceptance run has 500), TORCHHUB_KILLS_SEED with which seed.
TEST(KillUnderLoad, LosesNothingThatWasAnswered) {
  const int kills = number_from_environment("TORCHHUB_KILLS", 12);
  const int seed = number_from_environment("TORCHHUB_KILLS_SEED", 1);
  SCOPED_TRACE("TORCHHUB_KILLS_SEED=" + std::to_string(seed));
  std::mt19937 random(static_cast<unsigned>(seed));
  const TempDir folder;
  ServedHub hub(folder / "data");
  std::vector<std::unique_ptr<KillLoad>> loads;
  for (int kill = 0; kill < kills && !HasFailure(); ++kill) {
    SCOPED_TRACE("after " + std::to_string(kill) + " kills");
    ASSERT_TRUE(hub.start()) << hub.process().errors();
    const HubClient client(hub.base_url(), hub.token());
    if (loads.empty()) loads = make_kill_loads(client);
    for (const auto& load : loads) load->check(client);
    std::vector<std::thread> users;
    for (const auto& load : loads) users.emplace_back([&] { load->run(client); });
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution(0, 400'000)(random)));
    hub.process().signal(SIGKILL);
    for (std::thread& user : users) user.join();
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(hub.start());
  const HubClient client(hub.base_url(), hub.token());
  for (const auto& load : loads) load->check(client);
  expect_sound_repositories(folder / "data", {"--connectivity-only"});
  expect_no_problems(folder / "data");
}

}  // namespace
}  // namespace torchhub::testing
