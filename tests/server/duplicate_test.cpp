#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

TEST(Duplicate, HasHistoryObjectsAndALifeOfItsOwn) {
  LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  const std::string oid = client.upload("demo/m", std::string(5000, 'a'));
  client.commit("demo/m", to_ndjson(CommitLfsFileLine{"a.bin", oid, 5000}));
  client.post("/api/models/demo/m/tag/main", {{"tag", "v1"}, {"message", "noted"}});
  client.commit_file("demo/m", "README.md", "---\ntags:\n- kept\n---\n");
  const HubClient eve(hub.base_url(), hub.create_user("eve"));
  const Response made = eve.post("/api/models/demo/m/duplicate",
                                 {{"repository", "eve/copy"}, {"visibility", "private"}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(json::parse(made.body).at("url"), hub.base_url() + "/eve/copy");
  EXPECT_EQ(eve.commit_at("eve/copy"), client.commit_at("demo/m"));
  EXPECT_EQ(eve.get_json("/api/models/eve/copy").at("private"), true);
  EXPECT_EQ(eve.get_json("/api/models?filter=kept&author=eve").size(), 1U);
  EXPECT_EQ(eve.get_json("/api/models/eve/copy/refs").at("tags").size(), 1U);
  EXPECT_EQ(eve.get("/eve/copy/resolve/v1/a.bin").body, std::string(5000, 'a'));
  eve.commit_file("eve/copy", "own.txt", "1");
  EXPECT_EQ(client.get("/demo/m/resolve/main/own.txt").status, 404) << "they part";
  EXPECT_EQ(eve.post("/api/models/demo/m/duplicate", {{"repository", "eve/copy"}}).status, 409);
  EXPECT_EQ(eve.post("/api/models/demo/m/duplicate", {{"repository", "demo/copy"}}).status, 403);
  client.send("PUT", "/api/models/demo/m/settings", R"({"gated": "manual"})");
  EXPECT_EQ(eve.post("/api/models/demo/m/duplicate", {{"repository", "eve/two"}}).status, 403);
}

}  // namespace
}  // namespace torchhub::testing
