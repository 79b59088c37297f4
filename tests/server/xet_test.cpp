#include "server/xet_fixture.h"
#include "support/golden.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "xet/inputs.h"

#include <thread>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using xet::Scheme;

TEST_F(XetTest, MakesPlainObjectsOfWhatComesByXet) {
  for (const Scheme scheme : {Scheme::none, Scheme::lz4, Scheme::bg4_lz4}) {
    SCOPED_TRACE(static_cast<int>(scheme));
    const std::string bytes =
        xet_input("f32-1M").substr(0, 300'000 + static_cast<std::size_t>(scheme));
    const XetParts parts = cut_for_xet(bytes, scheme);
    const Response xorb = pusher().send_xorb(parts);
    EXPECT_EQ(xorb.body, R"({"was_inserted":true})");
    EXPECT_EQ(pusher().send_shard(parts.shard()).body, R"({"result":1})");
    EXPECT_TRUE(object(*parts.file.sha256) == bytes);
    const Response commit = client_.commit(
        "demo/m", to_ndjson(CommitLfsFileLine{"w.bin", *parts.file.sha256, bytes.size()}));
    ASSERT_EQ(commit.status, 200) << commit.body;
    const Response got = client_.get("/demo/m/resolve/main/w.bin");
    EXPECT_TRUE(got.body == bytes);
    EXPECT_FALSE(got.headers.get("X-Xet-Hash") || got.headers.get("Link"));
  }
  EXPECT_EQ(client_.get_json("/api/models/demo/m?expand=xetEnabled").at("xetEnabled"), false);
  EXPECT_EQ(files_in("incoming"), 0U);
}

TEST_F(XetTest, TakesWhatTheJavaScriptClientSends) {
  const Response xorb =
      pusher().send_xorb("09a753a21aebcbd479e6642ecf204fbeef0992a3662e3344a5dd0e9ebb4e2ba3",
                         golden("xet/xorb/js-upload.xorb"));
  EXPECT_EQ(xorb.status, 200) << xorb.body;
  EXPECT_EQ(pusher().send("POST", "/v1/shards", golden("xet/shard/js-upload.shard")).body,
            R"({"result":1})");
  for (const char* name : {"mix-text", "hello", "mix-bf16"}) {
    EXPECT_TRUE(object(sha256_hex(xet_input(name))) == xet_input(name)) << name;
  }
}

TEST_F(XetTest, TakesXorbsWithAFooterAndKeepsThemWithout) {
  xet::XorbWriter writer;
  ASSERT_TRUE(writer.add(bytes_of("hello world"), Scheme::none));
  const auto made = writer.finish_with_footer();
  const std::string hash = made.table.hash.text();
  EXPECT_EQ(pusher().send_xorb(hash, text_of(made.bytes)).status, 200);
  EXPECT_EQ(read_file(hub_.data_dir() / "xet" / hash).size(), 19U);
}

TEST_F(XetTest, TakesAShardThatNamesChunksOfAnEarlierPush) {
  const std::string first = xet_input("sm3-4M");
  const std::string second = xet_input("sm3-4M-insert");
  const XetParts parts = cut_for_xet(first);
  pusher().push(parts);
  // One chunk is new, as in the reference's own upload.shard.
  const xet::Shard both = xet::parse_shard(bytes_of(golden("xet/shard/upload.shard")));
  xet::XorbWriter writer;
  ASSERT_TRUE(writer.add(bytes_of(second).subspan(999873, 99892), Scheme::lz4));
  const auto xorb = writer.finish();
  EXPECT_EQ(pusher().send_xorb(xorb.table.hash.text(), text_of(xorb.bytes)).status, 200);
  const Response response = pusher().send_shard({{both.files.at(1)}, {}});
  EXPECT_EQ(response.body, R"({"result":1})");
  EXPECT_TRUE(object(sha256_hex(second)) == second);
}

TEST_F(XetTest, StoresAFileWithoutASha256UnderTheOneThatItHas) {
  const std::string bytes = splitmix64(31, 200'000);
  XetParts parts = cut_for_xet(bytes);
  parts.file.sha256 = std::nullopt;
  pusher().push(parts);
  EXPECT_TRUE(object(sha256_hex(bytes)) == bytes);
  EXPECT_TRUE(is_ours(sha256_hex(bytes), bytes.size()));
}

TEST_F(XetTest, TakesTheEmptyFile) {
  const Response response = pusher().send_shard({{{xet::Hash{}, {}, sha256_hex("")}}, {}});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(is_ours(sha256_hex(""), 0));
}

TEST_F(XetTest, SaysThatNothingIsNew) {
  const XetParts parts = cut_for_xet(splitmix64(32, 100'000));
  pusher().push(parts);
  EXPECT_EQ(pusher().send_xorb(parts).body, R"({"was_inserted":false})");
  EXPECT_EQ(pusher().send_shard(parts.shard()).body, R"({"result":0})");
  client_.create_repo("other");
  const XetPusher other(client_, "models/demo/other");
  EXPECT_EQ(other.send_shard(parts.shard()).body, R"({"result":1})");
}

TEST_F(XetTest, ASecondFileOfTheSameChunksNeedsNoBytesOfItsOwn) {
  const std::string unit = splitmix64(33, 90'000);
  const XetParts parts = cut_for_xet(unit);
  pusher().push(parts);
  const auto count = static_cast<std::uint32_t>(parts.xorb.table.chunks.size());
  const xet::Term whole = term_of(parts.xorb.table, 0, count);
  xet::ShardFile twice{{}, {whole, whole}, sha256_hex(unit + unit)};
  xet::MerkleTree tree;
  const xet::Shard once = parts.shard();
  for (int i = 0; i < 2; ++i) {
    for (const xet::ChunkId& chunk : once.xorbs[0].chunks) tree.add(chunk);
  }
  twice.hash = xet::file_hash(tree.root());
  EXPECT_EQ(pusher().send_shard({{twice}, {}}).status, 200);
  EXPECT_TRUE(object(sha256_hex(unit + unit)) == unit + unit);
}

TEST_F(XetTest, TwoUploadsOfOneXorbBothSucceed) {
  const XetParts parts = cut_for_xet(splitmix64(34, 500'000));
  const XetPusher push = pusher();
  std::vector<int> statuses(4);
  std::vector<std::thread> senders;
  for (int& status : statuses) {
    senders.emplace_back([&] {
      const HubClient client(hub_);
      status = XetPusher(client, "models/demo/m", push.token()).send_xorb(parts).status;
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(statuses, std::vector<int>(4, 200));
  EXPECT_EQ(files_in("xet"), 1U);
  EXPECT_EQ(push.send_shard(parts.shard()).status, 200);
}

TEST_F(XetTest, OffersNoOtherPartOfTheProtocol) {
  const XetPusher push = pusher();
  const std::string hash(64, 'a');
  EXPECT_EQ(push.send("POST", "/v1/xorb-grants/default/" + hash).status, 404);
  EXPECT_EQ(push.send("POST", "/v2/shards", "x").status, 404);
  EXPECT_EQ(push.send("GET", "/v1/chunks/default/" + hash).status, 404);
  EXPECT_EQ(push.send("GET", "/v1/reconstructions/" + hash).status, 404);
  EXPECT_EQ(push.send("GET", "/v2/reconstructions/" + hash).status, 404);
  EXPECT_EQ(push.send("POST", "/v1/telemetry", "{}").status, 200);
}

TEST(XetByLfs, IsChosenOnlyWhereTheServerIsToldTo) {
  for (const bool prefer : {false, true}) {
    const LocalHub hub(relaxed({.lfs_prefer_xet = prefer}));
    HubClient client(hub);
    client.create_repo("m");
    const auto batch = [&](const json& transfers) {
      return json::parse(client
                             .post("/demo/m.git/info/lfs/objects/batch",
                                   {{"operation", "upload"},
                                    {"transfers", transfers},
                                    {"ref", {{"name", "main"}}},
                                    {"objects", {{{"oid", std::string(64, 'a')}, {"size", 5}}}}})
                             .body);
    };
    EXPECT_EQ(batch({"basic", "multipart"}).at("transfer"), "basic");
    const json answer = batch({"basic", "multipart", "xet"});
    EXPECT_EQ(answer.at("transfer"), prefer ? "xet" : "basic");
    const json upload = answer.at("objects").at(0).at("actions").at("upload");
    if (!prefer) continue;
    EXPECT_EQ(upload.at("header").at("X-Xet-Cas-Url"), hub.base_url());
    EXPECT_EQ(upload.at("href"), hub.base_url() + "/api/models/demo/m/xet-write-token/main");
    XetPusher(client, "models/demo/m", upload.at("header").at("X-Xet-Access-Token"))
        .push(cut_for_xet("some bytes"));
  }
}

}  // namespace
}  // namespace torchhub::testing
