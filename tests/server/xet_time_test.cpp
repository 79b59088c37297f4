#include "server/xet_fixture.h"
#include "torchhub/base/sha256.h"
#include "xet/inputs.h"

namespace torchhub::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// What stays of xorbs, and for how long.
class XetTimeTest : public XetTest {
 protected:
  /// The first file with its last third replaced: chunks of the first, and some of its own.
  struct Change {
    std::string bytes;
    XetParts own;
    xet::ShardFile file;
  };
  Change change_of(const XetParts& first, const std::string& bytes, std::uint64_t seed) const {
    const xet::XorbTable& table = first.xorb.table;
    const auto kept = static_cast<std::uint32_t>(table.chunks.size() * 2 / 3);
    Change out;
    const std::string tail = splitmix64(seed, 50'000);
    out.bytes = bytes.substr(0, table.raw_start(kept)) + tail;
    out.own = cut_for_xet(tail);
    const auto own_count = static_cast<std::uint32_t>(out.own.xorb.table.chunks.size());
    out.file =
        file_of(out.bytes, {term_of(table, 0, kept), term_of(out.own.xorb.table, 0, own_count)});
    return out;
  }

  std::string bytes_ = splitmix64(51, 900'000);
  XetParts first_ = cut_for_xet(bytes_);
};

TEST_F(XetTimeTest, RebuildsFromObjectsWhenTheXorbsBytesAreGone) {
  pusher().push(first_);
  EXPECT_EQ(files_in("xet"), 1U);
  clock_->advance(hours(2));
  const XetPusher push = pusher();  // a token is when things are cleared away
  EXPECT_EQ(files_in("xet"), 0U);
  const Change second = change_of(first_, bytes_, 52);
  EXPECT_EQ(push.send_xorb(second.own).status, 200);
  const Response response = push.send_shard({{second.file}, {}});
  EXPECT_EQ(response.body, R"({"result":1})");
  EXPECT_TRUE(object(sha256_hex(second.bytes)) == second.bytes);

  // The third is made of pieces of the second, and of the first across the cut.
  clock_->advance(hours(20 * 24));
  const Change third = change_of(first_, bytes_, 53);
  const XetPusher later = pusher();
  EXPECT_EQ(later.send_xorb(third.own).status, 200);
  EXPECT_EQ(later.send_shard({{third.file}, {}}).status, 200);
  EXPECT_TRUE(object(sha256_hex(third.bytes)) == third.bytes);
}

TEST_F(XetTimeTest, RebuildsFromAnotherObjectWhereOneIsGone) {
  pusher().push(first_);
  const Change second = change_of(first_, bytes_, 54);
  EXPECT_EQ(pusher().send_xorb(second.own).status, 200);
  EXPECT_EQ(pusher().send_shard({{second.file}, {}}).status, 200);
  clock_->advance(hours(2));
  const std::string oid = sha256_hex(bytes_);
  std::filesystem::remove(object_path(hub_.data_dir(), oid));
  const Change third = change_of(first_, bytes_, 55);
  EXPECT_EQ(pusher().send_xorb(third.own).status, 200);
  EXPECT_EQ(pusher().send_shard({{third.file}, {}}).status, 200);
  EXPECT_TRUE(object(sha256_hex(third.bytes)) == third.bytes);
  const Response whole = pusher().send_shard(first_.shard());
  EXPECT_EQ(whole.status, 400) << "its last chunks were in that object only";
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200);
  EXPECT_TRUE(object(oid) == bytes_);
}

TEST_F(XetTimeTest, ForgetsAXorbAfterThreeWeeks) {
  pusher().push(first_);
  clock_->advance(hours(21 * 24));
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200) << "clients remember it as long";
  clock_->advance(hours(23 * 24));
  const Response response = pusher().send_shard(first_.shard());
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("This hub does not have the xorb"), std::string::npos);
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200);
}

TEST_F(XetTimeTest, KeepsTheXorbsOfASessionThatGoesOn) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  for (int i = 0; i < 5; ++i) {
    clock_->advance(minutes(50));
    EXPECT_EQ(pusher().send_xorb(cut_for_xet(splitmix64(60 + i, 1000))).status, 200);
  }
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200);
  EXPECT_EQ(files_in("xet"), 6U);
}

TEST_F(XetTimeTest, ForgetsAXorbThatNoFileWasMadeOf) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  clock_->advance(minutes(61));
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 400);
  EXPECT_EQ(files_in("xet"), 0U);
}

TEST_F(XetTimeTest, AClockSetBackTakesNoXorbEarlyAndKeepsNoneForLong) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  const auto kept_after = [&](minutes time) {
    clock_->advance(time);
    hub_.stop();
    hub_.start();
    return files_in("xet");
  };
  clock_->set_wall(-hours(24 * 3650));
  EXPECT_EQ(kept_after(minutes(0)), 1U);
  EXPECT_EQ(kept_after(minutes(59)), 1U);
  EXPECT_EQ(kept_after(minutes(1)), 0U);
}

TEST_F(XetTimeTest, AClockSetFarAheadCostsASessionItsXorbsAndNoMore) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  clock_->set_wall(hours(24 * 3650));
  hub_.stop();
  hub_.start();
  EXPECT_EQ(files_in("xet"), 0U) << "by that clock they are old";
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200);
  EXPECT_TRUE(object(sha256_hex(bytes_)) == bytes_);
}

TEST_F(XetTimeTest, TakesAXorbAgainWhoseBytesABackupDidNotHave) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  std::filesystem::remove(hub_.data_dir() / "xet" / first_.xorb_hash());
  EXPECT_EQ(pusher().send("HEAD", "/v1/xorbs/default/" + first_.xorb_hash()).status, 404);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 400);
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200);
}

TEST_F(XetTimeTest, ClearsAwayAtTheStart) {
  EXPECT_EQ(pusher().send_xorb(first_).status, 200);
  hub_.stop();
  write_file_atomically(hub_.data_dir() / "xet" / std::string(64, 'f'), "left by a crash");
  hub_.start();
  EXPECT_EQ(files_in("xet"), 1U);
  EXPECT_EQ(pusher().send_shard(first_.shard()).status, 200) << "a session outlives the server";
  hub_.stop();
  clock_->advance(minutes(61));
  hub_.start();
  EXPECT_EQ(files_in("xet"), 0U);
}

TEST_F(XetTimeTest, RebuildsFromObjectsThatARepositoryWhichIsGoneLeft) {
  pusher().push(first_);
  client_.create_repo("other");
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  clock_->advance(hours(2));
  const XetPusher other(client_, "models/demo/other");
  EXPECT_EQ(files_in("xet"), 0U);
  EXPECT_EQ(other.send_shard(first_.shard()).status, 200);
  EXPECT_FALSE(
      client_.batch("demo/other", "upload", sha256_hex(bytes_), bytes_.size()).contains("actions"));
}

}  // namespace
}  // namespace torchhub::testing
