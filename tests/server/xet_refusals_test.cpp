#include "server/raw_connection.h"
#include "server/xet_fixture.h"
#include "torchhub/base/sha256.h"
#include "xet/inputs.h"

namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string problem_of(const Response& response) {
  return json::parse(response.body, nullptr, false).value("error", response.body);
}

/// Wrong xorbs and shards: whatever is refused leaves nothing behind.
class XetRefusalTest : public XetTest {
 protected:
  void TearDown() override { EXPECT_EQ(files_in("incoming"), 0U); }

  std::string bytes_ = splitmix64(41, 300'000);
  XetParts parts_ = cut_for_xet(bytes_);
};

TEST_F(XetRefusalTest, RefusesXorbsThatAreNotWhatTheAddressSays) {
  const std::string good = text_of(parts_.xorb.bytes);
  const std::string hash = parts_.xorb_hash();
  const std::string other = cut_for_xet("other").xorb_hash();
  const XetPusher push = pusher();
  const auto expect_refused = [&](const Response& response, int status, const std::string& text) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_NE(problem_of(response).find(text), std::string::npos) << response.body;
  };
  expect_refused(push.send_xorb(other, good), 400, "its chunks give " + hash);
  expect_refused(push.send_xorb(hash, good.substr(0, good.size() - 1)), 400,
                 "The xorb " + hash + " is refused: it ends within a chunk.");
  expect_refused(push.send_xorb(hash, ""), 400, "it has no chunks");
  expect_refused(push.send_xorb(hash, "not a xorb, by far"), 400, "version 110");
  expect_refused(push.send_xorb(hash, good + "XETBLOB\1 and no more"), 400, "footer");
  expect_refused(push.send_xorb("short", good), 400, "64 lower-case hex digits");
  EXPECT_EQ(files_in("xet"), 0U);
  EXPECT_EQ(push.send_xorb(hash, good).status, 200);
}

TEST_F(XetRefusalTest, RefusesXorbsAndShardsThatAreTooLargeBeforeTheyCome) {
  const std::string authorization = "\r\nAuthorization: Bearer " + pusher().token();
  for (const std::string& target :
       {"/v1/xorbs/default/" + parts_.xorb_hash(), std::string("/v1/shards")}) {
    RawConnection connection(hub_.base_url());
    connection.send("POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: 68157441" +
                    authorization + "\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(connection.read_answer().status.substr(0, 3), "413") << target;
  }
}

TEST_F(XetRefusalTest, RefusesAXorbThatGrowsTooLargeWhileItComes) {
  std::string endless;
  const std::string chunk = text_of(xet::encode_chunk(bytes_of(bytes_).first(131072), {}));
  while (endless.size() <= xet::kMaxReadXorbBytes) endless += chunk;
  const Response response = client_.send(
      "POST", "/v1/xorbs/default/" + parts_.xorb_hash(), endless,
      {{"Authorization", "Bearer " + pusher().token()}, {"Transfer-Encoding", "chunked"}});
  EXPECT_EQ(response.status, 413) << response.body;
  EXPECT_EQ(files_in("xet"), 0U);
}

TEST_F(XetRefusalTest, ATermThatDoesNotHoldIsRefusedInTheWordsForAnUnknownXorb) {
  const XetPusher push = pusher();
  const auto answer = [&](const std::function<void(xet::Term&)>& change) {
    xet::Shard shard = parts_.shard();
    change(shard.files[0].terms[0]);
    const Response response = push.send_shard(shard);
    EXPECT_EQ(response.status, 400) << response.body;
    return problem_of(response);
  };
  const std::string unknown = answer([](xet::Term&) {});  // the xorb has not come yet
  EXPECT_NE(unknown.find("This hub does not have the xorb " + parts_.xorb_hash()),
            std::string::npos);
  EXPECT_NE(unknown.find("remove the client's list"), std::string::npos) << unknown;
  EXPECT_EQ(push.send_xorb(parts_).status, 200);
  EXPECT_EQ(answer([](xet::Term& term) { term.verification->bytes[0] ^= std::byte{1}; }), unknown);
  EXPECT_EQ(answer([](xet::Term& term) { term.verification = std::nullopt; }), unknown);
  EXPECT_EQ(answer([](xet::Term& term) { ++term.end; }), unknown);
  EXPECT_EQ(answer([](xet::Term& term) { term.end = term.start; }), unknown);
  EXPECT_EQ(answer([](xet::Term& term) { term.start = 0xffffffff; }), unknown);
  EXPECT_EQ(answer([](xet::Term& term) { --term.bytes; }), unknown);
  EXPECT_EQ(files_in("lfs"), 0U);
  EXPECT_EQ(push.send_shard(parts_.shard()).status, 200);
}

TEST_F(XetRefusalTest, RefusesAFileThatIsNotMadeOfItsTerms) {
  pusher().send_xorb(parts_);
  xet::Shard shard = parts_.shard();
  shard.files[0].hash.bytes[0] ^= std::byte{1};
  const Response response = pusher().send_shard(shard);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(problem_of(response).find("give " + parts_.file.hash.text()), std::string::npos);
  EXPECT_EQ(files_in("lfs"), 0U);
}

TEST_F(XetRefusalTest, RefusesAFileOfAnotherSha256) {
  pusher().send_xorb(parts_);
  xet::Shard shard = parts_.shard();
  shard.files[0].sha256 = std::string(64, '5');
  for (int round = 0; round < 2; ++round) {  // the second time the file is known
    const Response response = pusher().send_shard(shard);
    EXPECT_EQ(response.status, 422);
    EXPECT_NE(problem_of(response).find("The bytes have the SHA-256 " + sha256_hex(bytes_)),
              std::string::npos);
    EXPECT_FALSE(is_ours(std::string(64, '5'), bytes_.size()));
    pusher().send_shard(parts_.shard());
  }
  EXPECT_EQ(files_in("lfs"), 1U);
}

TEST_F(XetRefusalTest, TakesNoFileOfAShardWithABadOne) {
  pusher().send_xorb(parts_);
  xet::Shard shard = parts_.shard();
  shard.files.push_back(shard.files[0]);
  shard.files[1].hash.bytes[0] ^= std::byte{1};
  EXPECT_EQ(pusher().send_shard(shard).status, 400);
  EXPECT_FALSE(is_ours(sha256_hex(bytes_), bytes_.size()));
}

TEST_F(XetRefusalTest, RefusesAShardThatIsNone) {
  const Response response = pusher().send("POST", "/v1/shards", "not a shard");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(problem_of(response), "The shard is refused: it does not begin as a shard does.");
  EXPECT_EQ(pusher().send("POST", "/v1/shards").status, 400);
}

TEST_F(XetRefusalTest, TheHashOfAnObjectIsNoProofOfItsBytes) {
  client_.create_repo("hidden", {{"private", true}});
  const std::string oid = XetPusher(client_, "models/demo/hidden").push(parts_);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("own");
  const XetPusher push(eve, "models/eve/own");
  const XetParts mine = cut_for_xet(splitmix64(42, bytes_.size()));
  EXPECT_EQ(push.send_xorb(mine).status, 200);
  xet::Shard shard = mine.shard();
  shard.files[0].sha256 = oid;
  EXPECT_EQ(push.send_shard(shard).status, 422);
  // Nor is the hash of a xorb.
  shard = parts_.shard();
  shard.files[0].terms[0].verification = mine.file.terms[0].verification;
  EXPECT_EQ(push.send_shard(shard).status, 400);
  EXPECT_TRUE(eve.batch("eve/own", "download", oid, bytes_.size()).contains("error"));
}

TEST_F(XetRefusalTest, TellsAUserOnlyOfXorbsOfHisOwn) {
  client_.create_repo("hidden", {{"private", true}});
  XetPusher(client_, "models/demo/hidden").push(parts_);
  const std::string target = "/v1/xorbs/default/" + parts_.xorb_hash();
  const Response mine = pusher().send("HEAD", target);
  EXPECT_EQ(mine.status, 200);
  EXPECT_EQ(mine.headers.get("Content-Length"), std::to_string(parts_.xorb.bytes.size()));
  EXPECT_EQ(pusher().send("GET", target).status, 404);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("own");
  const XetPusher push(eve, "models/eve/own");
  EXPECT_EQ(push.send("HEAD", target).status, 404);
  EXPECT_EQ(push.send_xorb(parts_).body, R"({"was_inserted":true})") << "as if it were new";
}

}  // namespace
}  // namespace torchhub::testing
