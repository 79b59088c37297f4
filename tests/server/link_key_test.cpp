#include "server/http/api_error.h"
#include "server/hub_client.h"
#include "server/lfs/link_signer.h"
#include "support/fake_clock.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;
using testing::FakeClock;
using testing::message_of;
using testing::TempDir;

class LinkKeysTest : public ::testing::Test {
 protected:
  /// The signature and the end of a link.
  struct Link {
    std::string expires;
    std::string signature;
  };
  Link link() const { return parse(signer_.link(grant_)); }
  static Link parse(const std::string& text) {
    const std::size_t expires = text.find("expires=") + 8;
    const std::size_t signature = text.find("sig=") + 4;
    return {text.substr(expires, text.find('&', expires) - expires), text.substr(signature)};
  }
  bool is_good(const Link& link) const {
    try {
      signer_.check(grant_, link.expires, link.signature);
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }

  TempDir folder_;
  FakeClock clock_;
  LinkGrant grant_{LinkUse::upload, "abc", {sha256_hex("x"), 1}};
  LinkSigner signer_{folder_ / "link", clock_};
};

TEST_F(LinkKeysTest, ALinkIsForNothingButWhatItSays) {
  const LinkGrant whole{LinkUse::part, "abc", {sha256_hex("x"), 9}, 4, 2, "ana"};
  const Link made = parse(signer_.link(whole));
  EXPECT_NO_THROW(signer_.check(whole, made.expires, made.signature));
  const auto changed = [&](auto change) {
    LinkGrant grant = whole;
    change(grant);
    return grant;
  };
  for (const LinkGrant& other :
       {changed([](LinkGrant& grant) { grant.use = LinkUse::upload; }),  // PUT, as a part
        changed([](LinkGrant& grant) { grant.use = LinkUse::complete; }),
        changed([](LinkGrant& grant) { grant.repo_id = "abd"; }),
        changed([](LinkGrant& grant) { grant.object.oid = sha256_hex("y"); }),
        changed([](LinkGrant& grant) { grant.object.size = 10; }),
        changed([](LinkGrant& grant) { grant.chunk_bytes = 5; }),
        changed([](LinkGrant& grant) { grant.part = 3; }),
        changed([](LinkGrant& grant) { grant.user_id = "ben"; })}) {
    EXPECT_EQ(message_of<ApiError>([&] { signer_.check(other, made.expires, made.signature); }),
              "This link was not made here for this. Ask for a new one with an LFS batch.");
  }
  EXPECT_THROW(signer_.check(whole, made.expires + "0", made.signature), ApiError) << "for longer";
}

TEST_F(LinkKeysTest, ALinkEndsWithItsLastSecond) {
  const Link made = link();
  clock_.advance(LinkSigner::kLifetime - std::chrono::seconds(1));
  EXPECT_TRUE(is_good(made));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(message_of<ApiError>([&] { signer_.check(grant_, made.expires, made.signature); }),
            "This link has expired. Ask for a new one with an LFS batch.");
}

TEST_F(LinkKeysTest, ASealIsOfItsTextAndOfAKeyThatIsStillGood) {
  const std::string seal = signer_.seal("token of ana");
  EXPECT_TRUE(signer_.is_sealed("token of ana", seal));
  EXPECT_FALSE(signer_.is_sealed("token of ben", seal));
  rotate_link_key(folder_ / "link", clock_);
  EXPECT_NE(signer_.seal("token of ana"), seal) << "the new key seals";
  EXPECT_TRUE(signer_.is_sealed("token of ana", seal));
  clock_.advance(LinkSigner::kLifetime + std::chrono::minutes(1));
  EXPECT_FALSE(signer_.is_sealed("token of ana", seal));
}

TEST_F(LinkKeysTest, LinksOutliveTheKeyThatSignedThem) {
  const Link before = link();
  const std::string key = read_file(folder_ / "link");
  rotate_link_key(folder_ / "link", clock_);  // as another process would
  EXPECT_NE(read_file(folder_ / "link"), key);
  EXPECT_TRUE(is_good(before));
  const Link after = link();
  EXPECT_NE(after.signature, before.signature);
  EXPECT_TRUE(is_good(after));
  const LinkSigner restarted(folder_ / "link", clock_);
  EXPECT_NO_THROW(restarted.check(grant_, before.expires, before.signature));
}

TEST_F(LinkKeysTest, AnOldKeySignsNothingThatLastsLonger) {
  const std::string key = read_file(folder_ / "link");
  rotate_link_key(folder_ / "link", clock_);
  clock_.advance(std::chrono::hours(20));
  rotate_link_key(folder_ / "link", clock_);
  EXPECT_EQ(files(), 3);
  // Whoever stole the first key could sign for any time.
  const TempDir elsewhere;
  write_file_atomically(elsewhere / "link", key);
  const LinkSigner thief(elsewhere / "link", clock_);
  const Link forged = parse(thief.link(grant_));
  EXPECT_TRUE(is_good(forged));
  clock_.advance(std::chrono::hours(5));
  EXPECT_FALSE(is_good(forged));
  const LinkSigner restarted(folder_ / "link", clock_);
  EXPECT_EQ(files(), 2) << "the first key is of no use any more";
}

TEST_F(LinkKeysTest, AKeyThatIsRemovedChecksNothing) {
  const Link before = link();
  rotate_link_key(folder_ / "link", clock_);
  EXPECT_TRUE(is_good(before));
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    if (entry.path().filename() != "link") fs::remove(entry.path());
  }
  EXPECT_FALSE(is_good(before));
}

TEST_F(LinkKeysTest, RevokedLinksAreWorthlessAtOnce) {
  const Link oldest = link();
  rotate_link_key(folder_ / "link", clock_);
  const Link before = link();
  ASSERT_TRUE(is_good(oldest) && is_good(before));
  revoke_link_keys(folder_ / "link");  // as another process would
  EXPECT_FALSE(is_good(oldest)) << "not by a key of before either";
  EXPECT_FALSE(is_good(before));
  EXPECT_TRUE(is_good(link()));
  EXPECT_EQ(files(), 1);
}

TEST(LinkKeys, AreRotatedUnderARunningHub) {
  testing::LocalHub hub;
  testing::HubClient client(hub);
  client.create_repo("m");
  const auto link = [&] {
    return client.batch("demo/m", "upload", sha256_hex("x"), 1)
        .at("actions")
        .at("upload")
        .at("href")
        .get<std::string>();
  };
  const std::string before = link();
  hub.admin().rotate_link_key();
  const std::string after = link();
  EXPECT_NE(before.substr(before.find("sig=")), after.substr(after.find("sig=")));
  EXPECT_EQ(client.send("PUT", before, "x").status, 200);
  EXPECT_EQ(client.send("PUT", after, "x").status, 200);
}

}  // namespace
}  // namespace torchhub::server
