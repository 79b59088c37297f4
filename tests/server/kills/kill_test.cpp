#include "server/kills/load.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "support/number_from_environment.h"
#include "torchhub/server/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

/// SIGKILL at moments that nobody chose, under a mixed load. TORCHHUB_KILLS says how many (the
/// acceptance run has 500), TORCHHUB_KILLS_SEED with which seed.
class KillUnderLoad : public ::testing::Test {
 protected:
  /// Some kills, with a check after each; now and then of everything.
  void kill_again_and_again(int kills) {
    for (int kill = 0; kill < kills && !HasFailure(); ++kill) {
      SCOPED_TRACE("after " + std::to_string(kill) + " kills");
      constexpr int kOften = 50;
      const HubClient client = start(kill % kOften == kOften - 1 ? Look::at_all : Look::at_news);
      if (!HasFailure()) kill_under_load(client);
    }
  }

  /// Starts the hub again, with checks of what it must have.
  HubClient start(Look look) {
    EXPECT_TRUE(hub_.start()) << hub_.process().errors();
    if (HasFailure()) return {"", ""};
    const HubClient client(hub_.base_url(), hub_.token());
    if (loads_.empty()) loads_ = make_kill_loads(client);
    check(client, look);
    if (look == Look::at_all) expect_clean(data());
    return client;
  }

  void check(const HubClient& client, Look look) {
    for (const auto& load : loads_) {
      load->check(client, look);
      if (look == Look::at_all) load->finish(client);
    }
  }

  void kill_under_load(const HubClient& client) {
    end_under_load(client, SIGKILL,
                   std::chrono::microseconds(std::uniform_int_distribution(0, 500'000)(random_)));
    EXPECT_EQ(hub_.process().wait(), 128 + SIGKILL) << hub_.process().errors();
  }

  void end_under_load(const HubClient& client, int signal, std::chrono::microseconds after) {
    std::vector<std::thread> users;
    for (const auto& load : loads_) users.emplace_back([&] { load->run(client); });
    std::this_thread::sleep_for(after);
    hub_.process().signal(signal);
    for (std::thread& user : users) user.join();
  }

  fs::path data() const { return folder_ / "data"; }

  const int seed_ = number_from_environment("TORCHHUB_KILLS_SEED", 1);
  const ::testing::ScopedTrace trace_{__FILE__, __LINE__,
                                      "TORCHHUB_KILLS_SEED=" + std::to_string(seed_)};
  std::mt19937 random_{static_cast<unsigned>(seed_)};
  TempDir folder_;
  const std::vector<std::string> in_parts_{"--multipart-threshold", "100KiB", "--multipart-chunk",
                                           "40KiB"};
  ServedHub hub_{data(), in_parts_};
  std::vector<std::unique_ptr<KillLoad>> loads_ = {};
};

TEST_F(KillUnderLoad, LosesNothingThatWasAnswered) {
  kill_again_and_again(number_from_environment("TORCHHUB_KILLS", 6));
  if (!HasFailure()) start(Look::at_all);
}

/// TORCHHUB_LOAD_SECONDS says after how long: for a server that was built with sanitizers, which
/// end it with another code when they have found something.
TEST_F(KillUnderLoad, LosesNothingWhenItIsAskedToEnd) {
  const HubClient client = start(Look::at_news);
  end_under_load(client, SIGTERM,
                 std::chrono::seconds(number_from_environment("TORCHHUB_LOAD_SECONDS", 1)));
  EXPECT_EQ(hub_.process().wait(), 0) << hub_.process().errors();
  if (!HasFailure()) start(Look::at_all);
}

/// The backups that are made while it runs.
class BackupLoop {
 public:
  BackupLoop(const fs::path& data, const fs::path& to)
      : thread_([this, data, to] {
          while (!stop_ && !::testing::Test::HasFailure()) {
            back_up(data, to);
            expect_no_problems(to);
          }
        }) {}
  ~BackupLoop() {
    stop_ = true;
    thread_.join();
  }
  BackupLoop(const BackupLoop&) = delete;
  BackupLoop& operator=(const BackupLoop&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

TEST_F(KillUnderLoad, DoesNotSpoilABackupThatIsMadeMeanwhile) {
  const fs::path backup = folder_ / "backup";
  kill_again_and_again(1);  // makes the repositories
  {
    const BackupLoop loop(data(), backup);
    kill_again_and_again(number_from_environment("TORCHHUB_KILLS", 6) / 3);
  }
  if (HasFailure()) return;
  start(Look::at_all);  // also ends uploads, which a backup leaves behind while they are unfinished
  // With all that was answered, a last one has all of it.
  back_up(data(), backup);
  ServedHub copy(backup, in_parts_);
  ASSERT_TRUE(copy.start()) << copy.process().errors();
  check({copy.base_url(), copy.token()}, Look::at_all);
  expect_clean(backup);
}

}  // namespace
}  // namespace torchhub::testing
