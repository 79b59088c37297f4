#include "server/hub_client.h"
#include "server/served_hub.h"
#include "server/sound_data.h"
#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace torchhub::testing {
namespace {

TEST(RewriteCrash, MovesAllRefsOrNone) {
  const TempDir folder;
  std::string before;
  {
    ServedHub hub(folder / "data", {"--test-mode", "--fault-point", "rewrite.ref_moved"});
    ASSERT_TRUE(hub.start());
    HubClient client(hub.base_url(), hub.token());
    client.create_repo("m");
    const std::string oid = client.upload("demo/m", "bytes");
    client.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 5}));
    client.send("POST", "/api/models/demo/m/branch/side", "{}");
    before = client.commit_at("demo/m");
    EXPECT_THROW(
        client.send("DELETE", "/api/models/demo/m/lfs-files/" + oid + "?rewriteHistory=true"),
        ConnectionError);
    EXPECT_EQ(hub.process().wait(), 128 + SIGKILL);
  }
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  HubClient client(hub.base_url(), hub.token());
  EXPECT_NE(client.commit_at("demo/m"), before);
  EXPECT_EQ(client.commit_at("demo/m", "side"), client.commit_at("demo/m"));
  EXPECT_EQ(client.get("/demo/m/resolve/side/w.bin").status, 404);
  EXPECT_FALSE(client.commit_file("demo/m", "a.txt", "again", "side").empty());
  expect_clean(folder / "data");
}

}  // namespace
}  // namespace torchhub::testing
