#include "server/store/database.h"

#include "server/accounts/token_store.h"
#include "server/accounts/token_value.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::server {
namespace {

using testing::TempDir;

class DatabaseConnection : public ::testing::Test {
 protected:
  DatabaseConnection() {
    connection_.script("CREATE TABLE t(a TEXT); INSERT INTO t VALUES('1'),('2')");
  }

  TempDir folder_;
  Connection connection_{folder_ / "x.db", Durability::relaxed};
};

TEST_F(DatabaseConnection, RunsOneTextTwiceAtOnce) {
  const char* sql = "SELECT a FROM t ORDER BY a";
  for (int round = 0; round < 2; ++round) {  // the second with a statement that was kept
    Statement outer = connection_.prepare(sql);
    ASSERT_TRUE(outer.step());
    {
      Statement inner = connection_.prepare(sql);
      ASSERT_TRUE(inner.step());
      EXPECT_EQ(inner.text(0), "1");
    }
    EXPECT_EQ(outer.text(0), "1");
    ASSERT_TRUE(outer.step());
    EXPECT_EQ(outer.text(0), "2");
  }
}

TEST_F(DatabaseConnection, ForgetsWhatAStatementWasBoundTo) {
  const char* sql = "SELECT ?";
  connection_.run(sql, std::string("secret"));
  Statement again = connection_.prepare(sql);
  ASSERT_TRUE(again.step());
  EXPECT_TRUE(again.is_null(0));
}

TEST_F(DatabaseConnection, HoldsNoLockWithAKeptStatement) {
  {
    Statement half = connection_.prepare("SELECT a FROM t");
    ASSERT_TRUE(half.step());
  }
  Connection other(folder_ / "x.db", Durability::relaxed);
  other.script("PRAGMA busy_timeout=0; DROP TABLE t; CREATE TABLE t(b TEXT, a TEXT)");
  other.script("INSERT INTO t VALUES('no', 'yes')");
  Statement after = connection_.prepare("SELECT a FROM t");
  ASSERT_TRUE(after.step());
  EXPECT_EQ(after.text(0), "yes") << "prepared for the table as it was";
}

TEST_F(DatabaseConnection, GoesOnWithAStatementThatFailed) {
  connection_.script("CREATE UNIQUE INDEX u ON t(a)");
  const char* sql = "INSERT INTO t VALUES(?)";
  EXPECT_THROW(connection_.run(sql, std::string("1")), DatabaseError);
  connection_.run(sql, std::string("3"));
  EXPECT_EQ(connection_.changes(), 1);
}

TEST_F(DatabaseConnection, KeepsNoMoreThanItCanUse) {
  for (int i = 0; i < 1000; ++i) connection_.run("SELECT " + std::to_string(i));
  Statement row = connection_.prepare("SELECT a FROM t ORDER BY a");
  EXPECT_TRUE(row.step()) << "one that is not kept works as well";
}

/// Of the first step, which databases out there were made by. A test that makes such a database by
/// that step shows nothing if the step has changed since.
constexpr const char* kFirstTables =
    "b41cbf318e339b764b4ac1a700af82b9bd88810d5cca9e9692ac1c357ebc127c";

TEST(Migration, NeverChangesTheFirstTables) {
  const TempDir folder;
  Connection connection(folder / "hub.db", Durability::relaxed);
  migrate(connection, folder / "hub.db", migration_steps().first(1));
  std::string tables;
  Statement row =
      connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
  while (row.step()) tables += row.text(0) + "\n";
  EXPECT_EQ(sha256_hex(tables), kFirstTables) << tables;
}

TEST(Migration, KeepsAccountsAndTokensOfTheFirstTables) {
  const TempDir folder;
  const std::string token = make_token();
  {
    Connection first(folder / "hub.db", Durability::relaxed);
    migrate(first, folder / "hub.db", migration_steps().first(1));
    first.run(
        "INSERT INTO account(id, name, name_fold, kind, fullname, created) "
        "VALUES('a', 'Ana', 'ana', 'user', 'Ana', 1000)");
    first.run(
        "INSERT INTO token(id, hash, user, name, role, hint, created) "
        "VALUES('t', ?, 'a', 'laptop', 'write', 'hf_...', 2000)",
        sha256_hex(token));
  }
  const testing::FakeClock clock;
  Database database(folder / "hub.db", Durability::relaxed);
  const auto owner = TokenStore(database, clock, TokenStore::Values::made_here).by_value(token);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user.name, "Ana");
  EXPECT_EQ(owner->user.email, "");
  EXPECT_EQ(owner->role, TokenRole::write);
  EXPECT_EQ(owner->token_name, "laptop");
  EXPECT_FALSE(owner->expires);
}

}  // namespace
}  // namespace torchhub::server
