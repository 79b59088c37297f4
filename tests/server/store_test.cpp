#include "server/accounts/account_store.h"
#include "server/hub_state.h"
#include "server/lfs/link_signer.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <utility>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::TempDir;

template <typename Lease>
concept GivesAConnection = requires(Lease lease) {
  std::forward<Lease>(lease).operator->();
};
static_assert(GivesAConnection<Database::Lease&>);
static_assert(!GivesAConnection<Database::Lease>, "a statement would outlive the lease");

std::ptrdiff_t open_files() {
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

TEST(Database, ClosesAFileThatIsNoDatabase) {
  const TempDir folder;
  write_file_atomically(folder / "hub.db", std::string(10'000, 'x'));
  const std::ptrdiff_t before = open_files();
  EXPECT_EQ(message_of<DatabaseError>([&] { Database(folder / "hub.db", Durability::full); }),
            "The hub's database failed to run a script: file is not a database.");
  EXPECT_EQ(open_files(), before);
}

TEST(Database, KeepsACopyOfWhatItWasBeforeItsTablesChange) {
  const TempDir folder;
  const fs::path path = folder / "hub.db";
  const std::array steps = {"CREATE TABLE a(x)", "CREATE TABLE b(x)", "no SQL"};
  const auto tables = [](const fs::path& file) {
    Connection connection(file, Durability::full);
    Statement count = connection.prepare("SELECT count(*) FROM sqlite_schema");
    count.step();
    return count.number(0);
  };
  Connection connection(path, Durability::full);
  migrate(connection, path, std::span(steps).first(1));
  EXPECT_FALSE(fs::exists(folder / "hub.db.v0")) << "there was nothing to keep";
  connection.run("INSERT INTO a VALUES (7)");
  migrate(connection, path, std::span(steps).first(2));
  EXPECT_EQ(tables(path), 2);
  EXPECT_EQ(tables(folder / "hub.db.v1"), 1);
  EXPECT_THROW(migrate(connection, path, steps), DatabaseError);
  EXPECT_EQ(tables(path), 2) << "a step that fails changes nothing";
  EXPECT_EQ(tables(folder / "hub.db.v2"), 2);
  EXPECT_EQ(message_of<Error>([&] { migrate(connection, path, std::span(steps).first(1)); }),
            "The database '" + path.string() +
                "' is of version 2, but this torchhub knows versions up to 1. Use a newer "
                "torchhub.");
}

TEST(AccountStore, MakesNoOrganizationWithoutItsAdmin) {
  const TempDir folder;
  Database database(folder / "hub.db", Durability::relaxed);
  const auto clock = system_clock();
  AccountStore accounts(database, *clock);
  const Account nobody{"an id that is not there", "nemo"};
  EXPECT_THROW(accounts.create_organization("team", nobody), DatabaseError);
  EXPECT_FALSE(accounts.find("team")) << "the name would be taken for ever";
  const Account ana = accounts.create_user("ana", {});
  const Account team = accounts.create_organization("team", ana);
  EXPECT_EQ(accounts.role_in(team.id, ana), "admin");
}

TEST(LinkSigner, RefusesAKeyThatIsNotWhole) {
  const TempDir folder;
  const auto clock = system_clock();
  LinkSigner(folder / "link", *clock);
  const std::string key = read_file(folder / "link");
  EXPECT_NO_THROW(LinkSigner(folder / "link", *clock));
  for (const std::string& bad : {std::string(), key.substr(1), key + "0", std::string(64, 'g')}) {
    write_file_atomically(folder / "link", bad);
    EXPECT_EQ(message_of<Error>([&] { LinkSigner(folder / "link", *clock); }),
              "'" + (folder / "link").string() +
                  "' does not hold the 64 hex digits of a key for links. Put it back from a copy, "
                  "or remove it: a new one is made at the next start, and links given out before "
                  "stop working.");
  }
}

TEST(DataFolder, IsForItsOwnerOnly) {
  const TempDir folder;
  const DataFolder made(folder / "data");
  EXPECT_EQ(fs::status(folder / "data").permissions(), fs::perms::owner_all);
  const fs::perms shared = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
  fs::permissions(folder / "data", shared);
  const DataFolder again(folder / "data");
  EXPECT_EQ(fs::status(folder / "data").permissions(), shared) << "the owner's own choice stays";
}

TEST(HubState, RemovesTheLocksOfAServerThatWasKilled) {
  const TempDir folder;
  const ServerOptions options{.data_dir = folder / "data", .durability = Durability::relaxed};
  {
    HubState killed(options);
    killed.cut_off = true;  // it leaves its database, and no mark of an end in order
  }
  const fs::path repository = DataFolder(folder / "data").repository("abcd");
  for (const char* name :
       {"HEAD", "HEAD.lock", "refs/heads/main", "refs/heads/main.lock", "refs/tags/v/1.lock"}) {
    write_file_atomically(repository / name, "");
  }
  const HubState hub(options);
  EXPECT_TRUE(fs::exists(repository / "HEAD"));
  EXPECT_TRUE(fs::exists(repository / "refs" / "heads" / "main"));
  EXPECT_FALSE(fs::exists(repository / "HEAD.lock"));
  EXPECT_FALSE(fs::exists(repository / "refs" / "heads" / "main.lock"));
  EXPECT_FALSE(fs::exists(repository / "refs" / "tags" / "v" / "1.lock"));
}

TEST(HubState, LooksForLocksOnlyAfterAnEndThatWasNotInOrder) {
  const TempDir folder;
  const ServerOptions options{.data_dir = folder / "data", .durability = Durability::relaxed};
  const fs::path lock = DataFolder(folder / "data").repository("abcd") / "HEAD.lock";
  { const HubState ends_in_order(options); }
  write_file_atomically(lock, "");
  {
    HubState ends_in_haste(options);
    EXPECT_TRUE(fs::exists(lock)) << "no server can have left it, so nobody looked";
    ends_in_haste.cut_off = true;
  }
  const HubState last(options);
  EXPECT_FALSE(fs::exists(lock));
}

TEST(HubState, EchoesOnlyLoopbackNamesInLinks) {
  const TempDir folder;
  HubState hub({.data_dir = folder / "data", .durability = Durability::relaxed});
  const auto base_url = [&](const std::string& host) {
    HttpRequest request;
    request.headers.set("Host", host);
    return hub.base_url(request);
  };
  hub.own_url = "http://127.0.0.1:8686";
  hub.own_ports = {"8686", "9000"};
  EXPECT_EQ(base_url("localhost:9000"), "http://localhost:9000") << "it listens there, too";
  EXPECT_EQ(base_url("localhost:8686"), "http://localhost:8686");
  EXPECT_EQ(base_url("localhost"), hub.own_url) << "another server's address";
  EXPECT_EQ(base_url("evil.example:8686"), hub.own_url);
  hub.own_url = "http://127.0.0.1:80";
  hub.own_ports = {"80"};
  EXPECT_EQ(base_url("localhost"), "http://localhost");
  EXPECT_EQ(base_url("[::1]:80"), "http://[::1]:80");
  EXPECT_EQ(base_url("evil.example"), hub.own_url);
}

TEST(HubState, StartsLinksWithTheBaseUrlThatTheClientUsed) {
  const TempDir folder;
  HubState hub({.data_dir = folder / "data",
                .base_url = "https://hub.example.org",
                .more_base_urls = {"http://127.0.0.1:8686", "http://hub.example.org",
                                   "http://hub.lan:8080/models"},
                .durability = Durability::relaxed});
  hub.own_url = "http://127.0.0.1:8686";
  const auto base_url = [&](const std::string& host, const std::string& scheme = "") {
    HttpRequest request;
    request.headers.set("Host", host);
    if (!scheme.empty()) request.headers.set("X-Forwarded-Proto", scheme);
    return hub.base_url(request);
  };
  EXPECT_EQ(base_url("127.0.0.1:8686"), "http://127.0.0.1:8686");
  EXPECT_EQ(base_url("HUB.lan:8080"), "http://hub.lan:8080/models");
  EXPECT_EQ(base_url("hub.example.org"), "https://hub.example.org") << "the first of two";
  EXPECT_EQ(base_url("hub.example.org", "http"), "http://hub.example.org");
  EXPECT_EQ(base_url("hub.example.org:443", "https"), "https://hub.example.org");
  for (const char* other : {"hub.lan", "hub.lan:80", "evil.example", "localhost:8686", ""}) {
    EXPECT_EQ(base_url(other), "https://hub.example.org") << other;
  }
}

}  // namespace
}  // namespace torchhub::server
