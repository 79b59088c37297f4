#include "server/store/event_log.h"

#include "support/fake_clock.h"
#include "support/logged_lines.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace torchhub::server {
namespace {

using namespace std::chrono_literals;

TEST(EventLog, TellsTheNewestFirstPageByPage) {
  const testing::TempDir folder;
  const testing::FakeClock clock;
  Database database(folder / "hub.db", Durability::relaxed);
  const EventLog kept(database, clock);
  kept.note(events::kRepoCreated, "an account", "a repository", {{"repo", "ana/bert"}});
  kept.note(events::kRepoDeleted, "an account", "a repository", {{"repo", "ana/bert"}});
  const std::vector<Event> first = kept.newest(1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].kind, "repo.deleted");
  const std::vector<Event> rest = kept.newest(10, first[0].id);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].kind, "repo.created");
  EXPECT_EQ(rest[0].at, clock.now());
  EXPECT_EQ(rest[0].actor, "an account");
  EXPECT_EQ(rest[0].repo, "a repository");
  EXPECT_EQ(rest[0].details, R"({"repo":"ana/bert"})");
}

TEST(EventLog, KeepsAnEventForFourHundredDays) {
  const testing::TempDir folder;
  testing::FakeClock clock;
  Database database(folder / "hub.db", Durability::relaxed);
  const EventLog kept(database, clock);
  kept.note("old", "", "", {});
  clock.advance(24h * 400);
  kept.note("new", "", "", {});
  EXPECT_EQ(kept.newest(10).size(), 2U);
  clock.advance(24h);
  kept.note("newer", "", "", {});
  const std::vector<Event> left = kept.newest(10);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].kind, "new");
}

TEST(EventLog, FailsWhereItCannotWrite) {
  const testing::TempDir folder;
  const testing::FakeClock clock;
  Database database(folder / "hub.db", Durability::relaxed);
  const EventLog kept(database, clock);
  auto connection = database.lease();
  connection->script(
      "CREATE TRIGGER no BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'refused'); END");
  EXPECT_THROW(kept.note("x", "", "", {}), DatabaseError);
}

TEST(EventLog, TellsTheProgramsLogWhenTheDiskIsFull) {
  const testing::TempDir folder;
  const testing::FakeClock clock;
  Database database(folder / "hub.db", Durability::relaxed);
  const EventLog kept(database, clock);
  {
    auto connection = database.lease();  // the pool's only one, so the limit is for note() too
    connection->script("PRAGMA max_page_count = 1");
  }
  const testing::LoggedLines lines(log::Level::error);
  kept.note("repo.deleted", "an account", "", {{"filler", std::string(100'000, 'x')}});
  EXPECT_TRUE(kept.newest(1).empty());
  EXPECT_EQ(lines.count("event_not_kept kind=repo.deleted"), 1);
}

}  // namespace
}  // namespace torchhub::server
