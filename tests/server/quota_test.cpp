#include "server/hub_client.h"
#include "server/xet_push.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

LocalHubOptions limited(ServerOptions options) {
  options.durability = Durability::relaxed;
  return {.server = std::move(options)};
}

TEST(Quota, RefusesEachObjectThatDoesNotFitARepository) {
  const LocalHub hub(limited({.max_repo_bytes = 10}));
  HubClient client(hub);
  client.create_repo("m");
  client.upload("demo/m", "1234");
  const json answer = client.batch_answer(
      "demo/m", "upload", {"basic"},
      {{sha256_hex("a"), 7}, {sha256_hex("b"), 6}, {sha256_hex("c"), 1}, {sha256_hex("1234"), 4}});
  const json& objects = answer.at("objects");
  EXPECT_EQ(objects[0]["error"]["code"], 413);
  EXPECT_EQ(
      objects[0]["error"]["message"],
      "The repository 'demo/m' uses 4 of the 10 bytes of large files that it may have; 7 more "
      "do not fit. Delete some of its LFS files, or ask the hub's administrator for more.");
  EXPECT_FALSE(objects[0].contains("actions"));
  EXPECT_TRUE(objects[1].contains("actions"));
  EXPECT_EQ(objects[2]["error"]["code"], 413) << "what the batch takes before it counts";
  EXPECT_FALSE(objects[3].contains("error")) << "it is there already";
}

TEST(Quota, HoldsForAllRepositoriesOfAnAccount) {
  const LocalHub hub(limited({.max_account_bytes = 10}));
  HubClient client(hub);
  client.create_repo("m");
  client.create_repo("n");
  client.upload("demo/m", "12345678");
  const json refused = client.batch("demo/n", "upload", sha256_hex("x"), 3);
  EXPECT_EQ(refused["error"]["code"], 413);
  EXPECT_NE(refused["error"]["message"].get<std::string>().find("The account 'demo' uses 8 of"),
            std::string::npos);
  client.send("DELETE", "/api/models/demo/m/lfs-files/" + sha256_hex("12345678"));
  EXPECT_TRUE(client.batch("demo/n", "upload", sha256_hex("x"), 3).contains("actions"));
}

TEST(Quota, HoldsWhereTheLinkWasGivenBefore) {
  const LocalHub hub(limited({.max_repo_bytes = 10}));
  HubClient client(hub);
  client.create_repo("m");
  const json link = client.batch("demo/m", "upload", sha256_hex("abcdefg"), 7);
  client.upload("demo/m", "1234567");
  const Response late =
      client.send("PUT", link["actions"]["upload"]["href"].get<std::string>(), "abcdefg");
  EXPECT_EQ(late.status, 413) << late.body;
}

TEST(Quota, CountsPartsDuplicatesAndMoves) {
  LocalHub hub(limited(
      {.multipart_threshold_bytes = 4, .multipart_chunk_bytes = 4, .max_account_bytes = 10}));
  HubClient client(hub);
  client.create_repo("m");
  client.upload_in_parts("demo/m", "123456");
  const json parts = client.batch_answer("demo/m", "upload", {"multipart"}, {{sha256_hex("x"), 6}});
  EXPECT_EQ(parts["objects"][0]["error"]["code"], 413);
  EXPECT_EQ(client.post("/api/models/demo/m/duplicate", {{"repository", "demo/copy"}}).status, 413);
  EXPECT_EQ(client.get("/api/models/demo/copy").status, 404);
  hub.admin().create_organization("team", "demo");
  client.create_repo("full", {{"organization", "team"}});
  client.upload("team/full", "12345");
  const Response moved =
      client.post("/api/repos/move", {{"fromRepo", "demo/m"}, {"toRepo", "team/m"}});
  EXPECT_EQ(moved.status, 413) << moved.body;
  EXPECT_EQ(client.get("/api/models/demo/m").status, 200);
  const json files{{"target", {{"type", "model"}, {"name", "team/full"}}},
                   {"files", {{{"sha256", sha256_hex("123456")}}}}};
  const json failed =
      json::parse(client.post("/api/models/demo/m/lfs-files/duplicate", files).body)["failed"];
  EXPECT_EQ(failed.size(), 1U);
}

TEST(Quota, CountsOffersWhenABranchHasThem) {
  LocalHub hub(limited({.max_repo_bytes = 10}));
  HubClient client(hub);
  const HubClient ben(hub.base_url(), hub.create_user("ben"));
  client.create_repo("m");
  const std::string own = client.upload("demo/m", "12345678");
  const std::string oid = ben.upload("demo/m", "abc");
  const Response made =
      ben.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 3}), "main?create_pr=1");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(client.get("/demo/m/resolve/refs%2Fpr%2F1/w.bin").body, "abc");
  EXPECT_TRUE(client.batch("demo/m", "upload", sha256_hex("x"), 2).contains("actions"))
      << "a stranger used up what is left";

  const std::string merge = "/api/models/demo/m/discussions/1/merge";
  const Response refused = client.send("POST", merge);
  EXPECT_EQ(refused.status, 413) << refused.body;
  EXPECT_EQ(client.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 3})).status, 413)
      << "another way into the branch";
  client.send("DELETE", "/api/models/demo/m/lfs-files/" + own);
  EXPECT_EQ(client.send("POST", merge).status, 200);
  EXPECT_EQ(client.batch("demo/m", "upload", sha256_hex("x"), 8)["error"]["code"], 413);
}

TEST(Quota, AWriterMakesAnOfferTheRepositorys) {
  LocalHub hub(limited({.max_repo_bytes = 10}));
  HubClient client(hub);
  const HubClient ben(hub.base_url(), hub.create_user("ben"));
  client.create_repo("m");
  const std::string oid = ben.upload("demo/m", "abcdef");
  const std::string line = to_ndjson(CommitLfsFileLine{"w.bin", oid, 6});
  ASSERT_EQ(ben.commit("demo/m", line, "main?create_pr=1").status, 200);
  ASSERT_EQ(client.commit("demo/m", line).status, 200);
  EXPECT_EQ(client.batch("demo/m", "upload", sha256_hex("x"), 5)["error"]["code"], 413);
}

TEST(Quota, CountsFilesThatCameByXet) {
  const LocalHub hub(limited({.max_repo_bytes = 10}));
  HubClient client(hub);
  client.create_repo("m");
  const XetPusher pusher(client, "models/demo/m");
  const XetParts parts = cut_for_xet("more than ten bytes");
  EXPECT_EQ(pusher.send_xorb(parts).status, 200);
  EXPECT_EQ(pusher.send_shard(parts.shard()).status, 413);
}

TEST(Quota, IsNoneUnlessSet) {
  const LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  EXPECT_TRUE(client.batch("demo/m", "upload", sha256_hex("x"), std::uint64_t{1} << 37)
                  .contains("actions"));
}

}  // namespace
}  // namespace torchhub::testing
