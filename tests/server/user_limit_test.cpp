#include "server/http/api_error.h"
#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "server/traffic/creation_limit.h"
#include "server/traffic/upload_slots.h"
#include "support/fake_clock.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// What one user may do at once, or in an hour.
namespace torchhub::testing {
namespace {

using nlohmann::json;
using server::ApiError;
using server::CreationLimit;
using server::UploadSlots;

TEST(UploadSlots, RefusesTheNinthThing) {
  UploadSlots slots(8);
  std::vector<UploadSlots::Slot> held;
  for (int i = 0; i < 8; ++i) held.push_back(slots.take("ana", std::to_string(i)));
  try {
    slots.take("ana", "8");
    FAIL() << "nine at once";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 429);
    EXPECT_EQ(error.headers().get("Retry-After"), "5");
  }
  EXPECT_NE(slots.take("ben", "8"), nullptr) << "others have places of their own";
  held.pop_back();
  EXPECT_NE(slots.take("ana", "8"), nullptr);
}

TEST(UploadSlots, CountsThePartsOfOneThingOnce) {
  UploadSlots slots(1);
  auto first = slots.take("ana", "an object");
  const auto second = slots.take("ana", "an object");
  first.reset();
  EXPECT_THROW(slots.take("ana", "another"), ApiError) << "its second part is still coming";
}

TEST(UploadSlots, CountsNobodyWithoutALimitOrAName) {
  UploadSlots none(0);
  EXPECT_EQ(none.take("ana", "x"), nullptr);
  UploadSlots slots(1);
  EXPECT_EQ(slots.take("", "x"), nullptr);
}

TEST(CreationLimit, TellsWhenTheHourIsOver) {
  FakeClock clock;
  CreationLimit limit(2, clock);
  limit.note("ana");
  clock.advance(std::chrono::minutes(20));
  limit.note("ana");
  EXPECT_NO_THROW(limit.check("ben"));
  try {
    limit.check("ana");
    FAIL() << "a third one";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 429);
    EXPECT_EQ(error.headers().get("Retry-After"), "2400");
  }
  clock.advance(std::chrono::minutes(40));
  EXPECT_NO_THROW(limit.check("ana"));
}

TEST(CreationLimit, HasHoursThatNobodySetsAhead) {
  for (const auto jump : {std::chrono::hours(-24), std::chrono::hours(24 * 3650)}) {
    FakeClock clock;
    CreationLimit limit(1, clock);
    limit.note("ana");
    clock.set_wall(jump);
    clock.advance(std::chrono::minutes(59));
    EXPECT_THROW(limit.check("ana"), ApiError) << jump.count();
    clock.advance(std::chrono::minutes(1));
    EXPECT_NO_THROW(limit.check("ana")) << jump.count();
  }
}

TEST(UserLimits, AnUploadHoldsItsPlaceUntilItIsDone) {
  LocalHub hub({.server = {.durability = Durability::relaxed, .max_uploads_per_user = 1}});
  HubClient client(hub);
  client.create_repo("m");
  const std::string slow = sha256_hex("slow one");
  const std::string link = client.batch("demo/m", "upload", slow, 8)["actions"]["upload"]["href"];
  const std::string target = link.substr(hub.base_url().size());
  RawConnection connection(hub.base_url());
  connection.send("PUT " + target +
                  " HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n"
                  "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read_answer(RawConnection::To::head).status, "100 Continue");
  const std::string other =
      client.batch("demo/m", "upload", sha256_hex("x"), 1)["actions"]["upload"]["href"];
  const Response refused = client.send("PUT", other, "x");
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(refused.headers.get("Retry-After"), "5");
  connection.send("slow one");
  EXPECT_EQ(connection.read_answer().status, "200 OK");
  EXPECT_EQ(client.send("PUT", other, "x").status, 200);
}

TEST(UserLimits, RepositoriesAreCountedWithoutThoseThatWereThere) {
  LocalHub hub(
      {.server = {
           .durability = Durability::relaxed, .max_new_repos_per_hour = 2, .rate_loopback = true}});
  HubClient client(hub);
  client.create_repo("a");
  EXPECT_EQ(client.post("/api/repos/create", {{"name", "a"}}).status, 409);
  EXPECT_EQ(client.post("/api/models/demo/a/duplicate", {{"repository", "demo/b"}}).status, 200);
  EXPECT_EQ(client.post("/api/repos/create", {{"name", "c"}}).status, 429);
}

TEST(UserLimits, ClientsOnThisMachineMakeRepositoriesAsTheyLike) {
  LocalHub hub({.server = {.durability = Durability::relaxed, .max_new_repos_per_hour = 1}});
  HubClient client(hub);
  client.create_repo("a");
  client.create_repo("b");
}

}  // namespace
}  // namespace torchhub::testing
