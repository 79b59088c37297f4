#include "server/accounts/token_store.h"
#include "server/accounts/token_uses.h"
#include "server/accounts/token_value.h"
#include "support/fake_clock.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/server/admin.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::server {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;
using testing::message_of;
using testing::TempDir;

TEST(TokenValue, CarriesAChecksumThatASlipOfThePenBreaks) {
  const std::string token = make_token();
  ASSERT_EQ(token.size(), 37U);
  EXPECT_TRUE(is_token_shaped(token));
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string wrong = token;
    wrong[at] = wrong[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(is_token_shaped(wrong)) << at;
    EXPECT_FALSE(is_token_shaped(token.substr(0, at))) << at;
  }
  EXPECT_FALSE(is_token_shaped(token + "a"));
  EXPECT_EQ(hint_of_token("hf_abcdefghijklmnopqrstuvwxyz012345678"), "hf_abcd...5678");
}

TEST(TokenScope, ReadsWhatTheCommandTakes) {
  const TokenScope scope = TokenScope::parse("ana/bert=repo.read,repo.write");
  EXPECT_EQ(scope,
            (TokenScope{"ana/bert", {TokenPermission::repo_read, TokenPermission::repo_write}}));
  for (const char* bad : {"", "ana", "=repo.read", "ana="}) {
    EXPECT_EQ(message_of<InvalidArgumentError>([&] { TokenScope::parse(bad); }),
              "'" + std::string(bad) +
                  "' is no scope of a token. Write OWNER=repo.read or "
                  "OWNER/NAME=repo.read,repo.write.");
  }
  EXPECT_EQ(message_of<InvalidArgumentError>([] { TokenScope::parse("ana=repo.all"); }),
            "'repo.all' is not a token's permission. Use repo.read, repo.write, org.read or "
            "inference.");
  EXPECT_EQ(message_of<InvalidArgumentError>([] { parse_token_role("god"); }),
            "'god' is not a token's role. Use read, write or fineGrained.");
}

TEST(TokenGrant, ComesBackFromItsJson) {
  const std::vector<TokenGrant> grants = {
      {"org", "ab12", {TokenPermission::org_read, TokenPermission::inference}},
      {"model", "cd34", {}}};
  const auto again = parse_grants(to_json(grants));
  ASSERT_EQ(again.size(), 2U);
  EXPECT_TRUE(allows(again, "ab12", TokenPermission::inference));
  EXPECT_FALSE(allows(again, "ab12", TokenPermission::repo_read));
  EXPECT_TRUE(allows(again, "ab12", TokenPermission::org_read));
  EXPECT_FALSE(allows(again, "cd34", TokenPermission::org_read));
  EXPECT_FALSE(allows(again, "ef56", TokenPermission::inference)) << "nobody's";
  EXPECT_EQ(again[1].kind, "model");
  for (const char* damaged : {"", "[1]", R"([{"kind":"org"}])"}) {
    EXPECT_EQ(message_of<Error>([&] { parse_grants(damaged); }),
              "A token's scopes in the database are damaged. Revoke it and make a new one.");
  }
}

class TokenStoreTest : public ::testing::Test {
 protected:
  TempDir folder_;
  FakeClock clock_;
  Database database_{folder_ / "hub.db", Durability::relaxed};
  AccountStore accounts_{database_, clock_};
  TokenStore tokens_{database_, clock_, TokenStore::Values::made_here};
  Account ana_ = accounts_.create_user("ana", {});

  std::string add(TokenRow row = {.id = {}, .role = TokenRole::read, .name = "mine"}) {
    const std::string value = make_token();
    tokens_.add(ana_, std::move(row), value);
    return value;
  }
};

TEST_F(TokenStoreTest, KnowsATokenUntilItExpires) {
  const std::string value =
      add({.id = {}, .role = TokenRole::write, .name = "mine", .expires = clock_.now() + 1h});
  clock_.advance(59min);
  const auto owner = tokens_.by_value(value);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user.name, "ana");
  EXPECT_EQ(owner->role, TokenRole::write);
  EXPECT_EQ(owner->token_name, "mine");
  EXPECT_EQ(owner->expires, clock_.now() + 1min);
  clock_.advance(1min);
  EXPECT_FALSE(tokens_.by_value(value));
}

TEST_F(TokenStoreTest, KnowsATokenAgainOnceAClockThatWasAheadIsPutRight) {
  const std::string value =
      add({.id = {}, .role = TokenRole::read, .name = "mine", .expires = clock_.now() + 1h});
  clock_.set_wall(24h * 3650);
  EXPECT_FALSE(tokens_.by_value(value));
  clock_.set_wall(-24h * 3650);
  EXPECT_TRUE(tokens_.by_value(value)) << "its date is not over";
  clock_.set_wall(-24h);
  EXPECT_TRUE(tokens_.by_value(value));
  clock_.set_wall(24h + 1h);
  EXPECT_FALSE(tokens_.by_value(value)) << "a date is a date";
}

TEST_F(TokenStoreTest, RefusesTheTokensOfTheDisabled) {
  const std::string value = add();
  accounts_.change(ana_, {.disabled = true});
  EXPECT_FALSE(tokens_.by_value(value));
  accounts_.change(ana_, {.disabled = false});
  EXPECT_TRUE(tokens_.by_value(value));
}

TEST_F(TokenStoreTest, RevokesByIdAndByValue) {
  const std::string first = add();
  const std::string second = add();
  const std::string id = tokens_.by_value(first)->token_id;
  EXPECT_TRUE(tokens_.revoke(id));
  EXPECT_FALSE(tokens_.by_value(first));
  EXPECT_FALSE(tokens_.revoke(id));
  EXPECT_TRUE(tokens_.revoke(second));
  EXPECT_FALSE(tokens_.by_value(second));
}

TEST_F(TokenStoreTest, LooksAtNoDatabaseForAWrongChecksum) {
  const std::string value = add();
  std::string wrong = value;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  // With the table gone a look-up would fail.
  auto connection = database_.lease();
  connection->script("ALTER TABLE token RENAME TO hidden");
  EXPECT_FALSE(tokens_.by_value(wrong));
  EXPECT_FALSE(tokens_.by_value("hf_aValueThatATestKnows"));
  EXPECT_FALSE(tokens_.by_value(""));
  EXPECT_THROW(tokens_.by_value(value), DatabaseError);
}

TEST_F(TokenStoreTest, TakesChosenValuesInTestModeOnly) {
  const std::string chosen = "hf_aValueThatATestKnows";
  tokens_.add(ana_, {.id = {}, .role = TokenRole::read, .name = "t"}, chosen);
  EXPECT_FALSE(tokens_.by_value(chosen));
  const TokenStore in_test_mode(database_, clock_, TokenStore::Values::any);
  EXPECT_TRUE(in_test_mode.by_value(chosen));
}

TEST_F(TokenStoreTest, NamesWhatAGrantIsAbout) {
  EXPECT_EQ(tokens_.entity_of({"user", ana_.id}), "ana");
  EXPECT_EQ(tokens_.entity_of({"model", "gone"}), std::nullopt);
}

TEST_F(TokenStoreTest, NotesTheTimeOfUseOnceAMinute) {
  const std::string value = add();
  const std::string id = tokens_.by_value(value)->token_id;
  const auto last_used = [&] { return tokens_.list(ana_).front().second.last_used; };
  const auto start = clock_.now();
  {
    TokenUses uses(tokens_, clock_);
    EXPECT_FALSE(last_used());
    uses.note(id);
    clock_.advance(59s);
    uses.note(id);
  }  // its end writes what is left
  EXPECT_EQ(last_used(), start);
  {
    TokenUses uses(tokens_, clock_);
    uses.note(id);
    clock_.advance(60s);
    uses.note(id);
    clock_.advance(-1h);  // set back
    uses.note(id);
  }
  EXPECT_EQ(last_used(), clock_.now());
}

TEST_F(TokenStoreTest, LivesWithoutTheNoteOfAUse) {
  const std::string id = tokens_.by_value(add())->token_id;
  {
    auto connection = database_.lease();
    connection->script(
        "CREATE TRIGGER no BEFORE UPDATE ON token BEGIN SELECT RAISE(ABORT, 'refused'); END");
  }
  TokenUses(tokens_, clock_).note(id);
  EXPECT_FALSE(tokens_.list(ana_).front().second.last_used);
}

class AdminTokensTest : public ::testing::Test {
 protected:
  AdminTokensTest() {
    admin_.create_user("ana");
    admin_.create_organization("team", "ana");
  }
  std::string problem(const NewToken& wanted) {
    return message_of<InvalidArgumentError>([&] { admin_.create_token(wanted); });
  }

  TempDir folder_;
  Admin admin_{folder_ / "data", Durability::relaxed};
};

TEST_F(AdminTokensTest, RefusesWishesThatDoNotGoTogether) {
  EXPECT_EQ(problem({.user = "ana", .role = TokenRole::fine_grained}),
            "A fineGrained token needs at least one scope, such as 'ana/bert=repo.read'.");
  EXPECT_EQ(problem({.user = "ana",
                     .role = TokenRole::read,
                     .scopes = {{"team", {TokenPermission::repo_read}}}}),
            "A token with the role 'read' takes no scopes: they are for the role fineGrained.");
  EXPECT_EQ(problem({.user = "ana", .lifetime = 0s}),
            "A token's lifetime must be over 0 and at most 100 years.");
  EXPECT_EQ(problem({.user = "ana", .name = "two\nlines"}),
            "A token's name must be one line of 1 to 128 bytes.");
  EXPECT_EQ(problem({.user = "ana", .role = TokenRole::fine_grained, .scopes = {{"team", {}}}}),
            "The scope 'team' has no permission.");
  EXPECT_EQ(message_of<AccountError>([&] {
              admin_.create_token({.user = "ana",
                                   .role = TokenRole::fine_grained,
                                   .scopes = {{"team/none", {TokenPermission::repo_read}}}});
            }),
            "There is no account and no repository 'team/none' in '" + (folder_ / "data").string() +
                "'. A scope names OWNER, OWNER/NAME, datasets/OWNER/NAME or spaces/OWNER/NAME.");
  EXPECT_TRUE(admin_.tokens().empty()) << "nothing was made";
}

TEST_F(AdminTokensTest, ListsWhatThereIsAndNoValue) {
  const CreatedToken made =
      admin_.create_token({.user = "ana",
                           .role = TokenRole::fine_grained,
                           .name = "ci",
                           .lifetime = 24h,
                           .scopes = {{"team", {TokenPermission::org_read}}}});
  ASSERT_EQ(admin_.tokens().size(), 1U);
  const TokenInfo token = admin_.tokens("ANA").front();
  EXPECT_EQ(token.id, made.info.id);
  EXPECT_EQ(token.user, "ana");
  EXPECT_EQ(token.name, "ci");
  EXPECT_EQ(token.role, TokenRole::fine_grained);
  EXPECT_EQ(token.scopes, (std::vector<TokenScope>{{"team", {TokenPermission::org_read}}}));
  EXPECT_EQ(token.hint, hint_of_token(made.value));
  EXPECT_EQ(*token.expires - token.created, 24h);
  EXPECT_FALSE(token.last_used);
  EXPECT_THROW(admin_.tokens("nemo"), AccountError);
  EXPECT_TRUE(admin_.revoke_token(token.id));
  EXPECT_TRUE(admin_.tokens().empty());
}

}  // namespace
}  // namespace torchhub::server
