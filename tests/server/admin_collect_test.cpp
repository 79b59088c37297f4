#include "server/hub_client.h"
#include "server/metrics_reader.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "server/store/object_guard.h"
#include "support/fake_clock.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/collect.h"
#include "torchhub/server/fsck.h"
#include "torchhub/server/repositories.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Kind = CollectedItem::Kind;

/// The machine's clock, some days ahead.
class LaterClock final : public Clock {
 public:
  explicit LaterClock(int days) : ahead_(std::chrono::hours(24 * days)) {}
  std::chrono::system_clock::time_point now() const override { return real_->now() + ahead_; }
  std::chrono::steady_clock::time_point steady_now() const override { return real_->steady_now(); }
  bool sleep_for(std::chrono::milliseconds time, std::stop_token stop) const override {
    return real_->sleep_for(time, stop);
  }

 private:
  std::shared_ptr<const Clock> real_ = system_clock();
  std::chrono::hours ahead_;
};

class CollectTest : public ::testing::Test {
 protected:
  CollectTest() : client_(hub_) { client_.create_repo("m"); }

  CollectReport collect(int days_later, bool apply = true) {
    return collect_garbage(hub_.data_dir(), {.apply = apply,
                                             .durability = Durability::relaxed,
                                             .clock = std::make_shared<LaterClock>(days_later)});
  }
  fs::path object(const std::string& oid) const {
    return server::DataFolder(hub_.data_dir()).object(oid);
  }
  void commit_lfs(const std::string& path, const std::string& bytes) {
    const std::string oid = client_.upload("demo/m", bytes);
    const Response answer =
        client_.commit("demo/m", to_ndjson(CommitLfsFileLine{path, oid, bytes.size()}));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }

  LocalHub hub_;
  HubClient client_;
};

TEST_F(CollectTest, KeepsWhatAnyCommitNames) {
  commit_lfs("w.bin", "first");
  commit_lfs("w.bin", "second");
  client_.send("POST", "/api/models/demo/m/branch/side", "{}");
  client_.commit("demo/m", to_ndjson(CommitDeletedFileLine{"w.bin"}));
  client_.post("/api/models/demo/m/super-squash/main", {{"message", "one"}});
  client_.send("DELETE", "/api/models/demo/m/branch/side");
  const CollectReport report = collect(100);
  EXPECT_EQ(report.items.size(), 0U) << "the log of 'main' still names both";
  EXPECT_TRUE(fs::exists(object(sha256_hex("first"))));
}

TEST_F(CollectTest, LeavesWhatIsOfferedForAPullRequestOneWeek) {
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  const std::string oid = eve.upload("demo/m", "offered");
  EXPECT_EQ(collect(6).items.size(), 0U);
  EXPECT_EQ(check_hub(hub_.data_dir()).findings.size(), 0U);
  const CollectReport report = collect(8);
  EXPECT_EQ(report.count(Kind::object), 1U);
  EXPECT_FALSE(fs::exists(object(oid)));
  const Response late =
      eve.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 7}), "main?create_pr=1");
  EXPECT_EQ(late.status, 400) << "the offer stands by the server's clock, its object is gone";
}

/// Whoever sleeps for a day or longer wakes when the test says that a day is over.
class ClockOfDays final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override {
    return real_->now() + kDay * days_.load();
  }
  std::chrono::steady_clock::time_point steady_now() const override { return real_->steady_now(); }
  bool sleep_for(std::chrono::milliseconds time, std::stop_token stop) const override {
    if (time < kDay) return real_->sleep_for(time, std::move(stop));
    std::unique_lock lock(mutex_);
    if (!over_.wait(lock, std::move(stop), [this] { return wakes_ > 0; })) return false;
    --wakes_;
    return true;
  }

  void end_day() {
    ++days_;
    const std::lock_guard lock(mutex_);
    ++wakes_;
    over_.notify_all();
  }

  static constexpr std::chrono::hours kDay{24};

 private:
  std::shared_ptr<const Clock> real_ = system_clock();
  std::atomic<int> days_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any over_;
  mutable int wakes_ = 0;  // guarded by mutex_
};

TEST(TimedCollection, IsMadeAndCountedByTheServerItself) {
  const auto clock = std::make_shared<ClockOfDays>();
  LocalHub hub(relaxed(
      {.gc_interval = ClockOfDays::kDay, .gc_grace = 3 * ClockOfDays::kDay / 2, .clock = clock}));
  const MetricsReader metrics(hub);
  const auto counted = [&] { return metrics("torchhub_changes_total{kind=\"collection\"}"); };
  const auto collect_after_a_day = [&](double wanted) {
    clock->end_day();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (counted() < wanted && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_EQ(counted(), wanted);
  };
  HubClient client(hub);
  client.create_repo("m");
  const fs::path object = server::DataFolder(hub.data_dir()).object(client.upload("demo/m", "x"));
  EXPECT_EQ(counted(), 0);
  collect_after_a_day(1);
  EXPECT_TRUE(fs::exists(object)) << "it is younger than the grace";
  collect_garbage(hub.data_dir(), {.apply = true, .durability = Durability::relaxed});
  EXPECT_EQ(counted(), 1) << "what an admin makes is not of the server's";
  collect_after_a_day(2);
  EXPECT_FALSE(fs::exists(object));
}

TEST_F(CollectTest, LeavesAnUploadThatWaitsForItsCommitTwoWeeks) {
  const std::string oid = client_.upload("demo/m", "never committed");
  EXPECT_EQ(collect(13).items.size(), 0U);
  const CollectReport told = collect(15, false);
  EXPECT_FALSE(told.applied);
  EXPECT_EQ(told.count(Kind::link), 1U);
  EXPECT_EQ(told.count(Kind::object), 1U);
  EXPECT_EQ(told.bytes(Kind::object), 15U);
  EXPECT_TRUE(fs::exists(object(oid))) << "it was only told of";
  const CollectReport done = collect(15);
  EXPECT_EQ(done.count(Kind::object), 1U);
  EXPECT_FALSE(fs::exists(object(oid)));
  EXPECT_FALSE(check_hub(hub_.data_dir()).problem_found());
  EXPECT_EQ(client_.upload("demo/m", "never committed"), oid) << "it may come again";
  EXPECT_TRUE(fs::exists(object(oid)));
}

TEST_F(CollectTest, CountsAnUploadThatIsAskedForAgainFromThen) {
  const std::string oid = client_.upload("demo/m", "old");
  server::Database(hub_.data_dir() / "hub.db", Durability::relaxed)
      .run("UPDATE repo_lfs SET created = 0");
  EXPECT_FALSE(client_.batch("demo/m", "upload", oid, 3).contains("actions")) << "it is here";
  EXPECT_EQ(collect(13).items.size(), 0U) << "the client was told that it need not send it";
}

TEST_F(CollectTest, KeepsAnObjectThatAnotherRepositoryHas) {
  client_.create_repo("n");
  commit_lfs("w.bin", "shared");
  client_.upload("demo/n", "shared");
  const CollectReport report = collect(15);
  EXPECT_EQ(report.count(Kind::link), 1U);
  EXPECT_EQ(report.items.front().where, "model demo/n");
  EXPECT_EQ(report.count(Kind::object), 0U);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/w.bin").body, "shared");
}

TEST_F(CollectTest, LeavesADamagedRepositoryAlone) {
  client_.upload("demo/m", "unused");
  client_.commit_file("demo/m", "a.txt", "text");
  const std::string id = client_.get_json("/api/models/demo/m").at("_id");
  const std::string blob = git_blob_id("text");
  fs::remove(server::DataFolder(hub_.data_dir()).repository(id) / "objects" / blob.substr(0, 2) /
             blob.substr(2));
  const CollectReport report = collect(15);
  EXPECT_EQ(report.items.size(), 0U);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_EQ(report.warnings.front(),
            "model demo/m is damaged, so nobody knows what it needs; it was left alone. See 'admin "
            "fsck'.");
}

TEST_F(CollectTest, KeepsADeletedRepositoryWholeWhileItIsInTheTrash) {
  commit_lfs("w.bin", "bytes");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})");
  EXPECT_EQ(collect(13).items.size(), 0U);
  RepositoryAdmin(hub_.data_dir(), Durability::relaxed).restore(Repo{{"demo", "m"}});
  EXPECT_EQ(client_.get("/demo/m/resolve/main/w.bin").body, "bytes");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})");
  const CollectReport report = collect(16);
  EXPECT_EQ(report.count(Kind::trash), 1U);
  EXPECT_EQ(report.count(Kind::object), 1U);
  EXPECT_FALSE(fs::exists(object(sha256_hex("bytes"))));
  EXPECT_FALSE(check_hub(hub_.data_dir()).problem_found());
}

TEST_F(CollectTest, LeavesTheTrashToWhoBringsSomethingBack) {
  const std::string id = client_.get_json("/api/models/demo/m").at("_id");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})");
  const fs::path day = fs::directory_iterator(hub_.data_dir() / "trash")->path();
  std::thread collector;
  {
    const auto restorer = server::ObjectGuard::shared(hub_.data_dir());
    collector = std::thread([&] { collect(20); });
    // A collector that does not wait has the time to show it.
    for (int i = 0; i < 300 && fs::exists(day); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(fs::exists(day / (id + ".git")));
  }
  collector.join();
  EXPECT_FALSE(fs::exists(day));
}

TEST_F(CollectTest, ClearsAwayUploadsThatNobodyEnded) {
  write_file_atomically(hub_.data_dir() / "incoming" / "old" / "part", "12345");
  write_file_atomically(hub_.data_dir() / "incoming" / "new", "12345");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(25);
  fs::last_write_time(hub_.data_dir() / "incoming" / "old" / "part", old);
  fs::last_write_time(hub_.data_dir() / "incoming" / "old", old);
  const CollectReport report = collect(0);
  EXPECT_EQ(report.count(Kind::upload), 1U);
  EXPECT_EQ(report.bytes(Kind::upload), 5U);
  EXPECT_FALSE(fs::exists(hub_.data_dir() / "incoming" / "old"));
  EXPECT_TRUE(fs::exists(hub_.data_dir() / "incoming" / "new"));
}

TEST_F(CollectTest, WaitsForWhoReliesOnAnObjectAndGivesUp) {
  const auto user = server::ObjectGuard::shared(hub_.data_dir());
  const auto second = server::ObjectGuard::shared(hub_.data_dir());
  const FakeClock clock;
  EXPECT_THROW(server::ObjectGuard::alone(hub_.data_dir(), clock), Error);
  EXPECT_FALSE(clock.sleeps().empty());
}

/// Each round an object lies in the store that no repository has, so that it may go at any moment;
/// an upload makes it count in the very same moment.
TEST_F(CollectTest, NeverTakesAnObjectThatWasJustUploaded) {
  std::atomic<bool> stop = false;
  std::atomic<int> collected = 0;
  std::thread collector([&] {
    while (!stop) collected += static_cast<int>(collect(0).count(Kind::object));
  });
  constexpr int kRounds = 150;
  // More of them until the collector took one at least: it may be slow to start.
  for (int round = 0; round < kRounds || (collected == 0 && round < 100 * kRounds); ++round) {
    const std::string bytes = "round " + std::to_string(round);
    const std::string oid = sha256_hex(bytes);
    const json object = client_.batch("demo/m", "upload", oid, bytes.size());
    write_file_atomically(this->object(oid), bytes);  // what an upload left that was cut off
    const Response put = client_.send("PUT", object["actions"]["upload"]["href"], bytes);
    ASSERT_EQ(put.status, 200) << put.body;
    const Response commit =
        client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
    ASSERT_EQ(commit.status, 200) << commit.body;
    ASSERT_EQ(client_.get("/demo/m/resolve/main/w.bin").body, bytes) << "round " << round;
  }
  stop = true;
  collector.join();
  EXPECT_FALSE(check_hub(hub_.data_dir()).problem_found());
  EXPECT_GT(collected, 0);
}

/// Links that no commit names are old enough to go while commits begin to name them.
TEST_F(CollectTest, NeverTakesALinkThatACommitBeginsToName) {
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) collect(15);
  });
  constexpr int kRounds = 40;
  int landed = 0;
  for (int round = 0; landed < kRounds && round < 100 * kRounds; ++round) {
    const std::string bytes = "round " + std::to_string(round);
    const std::string oid = client_.upload("demo/m", bytes);
    const Response commit =
        client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
    // The collector's clock is two weeks ahead, so it may be faster; then the client is told.
    if (commit.status == 400) continue;
    ASSERT_EQ(commit.status, 200) << commit.body;
    ASSERT_EQ(client_.get("/demo/m/resolve/main/w.bin").body, bytes) << "round " << round;
    ++landed;
  }
  stop = true;
  collector.join();
  EXPECT_EQ(landed, kRounds);
  EXPECT_FALSE(check_hub(hub_.data_dir()).problem_found());
}

}  // namespace
}  // namespace torchhub::testing
