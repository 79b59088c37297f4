#include "server/hub_client.h"
#include "server/repos/repo_label.h"
#include "server/store/data_folder.h"
#include "server/store/database.h"
#include "support/message_of.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/errors.h"
#include "torchhub/server/fsck.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A hub with one repository that has a file in git and an LFS file, and its data folder.
class FsckTest : public ::testing::Test {
 protected:
  FsckTest() {
    HubClient client(hub_);
    client.create_repo("m", {{"private", true}});
    id_ = client.get_json("/api/models/demo/m").at("_id");
    client.commit_file("demo/m", "a.txt", "text");
    oid_ = client.upload("demo/m", kBytes);
    client.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid_, kBytes.size()}));
  }

  FsckReport check(FsckOptions options = {}) {
    options.durability = Durability::relaxed;
    return check_hub(hub_.data_dir(), options);
  }
  FsckReport repair() { return check({.repair = true}); }

  /// "object_missing, object_missing": what is a problem, in order.
  static std::string problems(const FsckReport& report) {
    std::string out;
    for (const FsckFinding& finding : report.findings) {
      if (finding.problem) out += (out.empty() ? "" : ", ") + finding.kind;
    }
    return out;
  }
  static const FsckFinding& found(const FsckReport& report, const std::string& kind) {
    static const FsckFinding kNone{false, "", "", "there is no such finding"};
    const auto place =
        std::find_if(report.findings.begin(), report.findings.end(),
                     [&](const FsckFinding& finding) { return finding.kind == kind; });
    return place != report.findings.end() ? *place : kNone;
  }

  fs::path repository() const { return server::DataFolder(hub_.data_dir()).repository(id_); }
  fs::path object() const { return server::DataFolder(hub_.data_dir()).object(oid_); }
  void run_sql(const std::string& sql) {
    server::Database(hub_.data_dir() / "hub.db", Durability::relaxed).run(sql);
  }
  /// The files as a client sees them; fails if one is not what it was.
  void expect_readable() {
    hub_.start();
    const HubClient client(hub_);
    EXPECT_EQ(client.get("/demo/m/resolve/main/a.txt").body, "text");
    EXPECT_EQ(client.get("/demo/m/resolve/main/w.bin").body, kBytes);
    hub_.stop();
  }

  const std::string kBytes = std::string(1000, 'w');
  LocalHub hub_;
  std::string id_;
  std::string oid_;
};

TEST_F(FsckTest, FindsNothingInASoundHubThatServes) {
  const FsckReport report = check({.deep = true});
  EXPECT_EQ(report.findings.size(), 0U) << report.findings.front().text;
  EXPECT_EQ(report.repositories, 1U);
  EXPECT_EQ(report.objects, 1U);
  EXPECT_EQ(report.object_bytes, kBytes.size());
  EXPECT_GE(report.git_objects, 9U) << "three commits, three trees, three files";
}

TEST_F(FsckTest, RepairsNothingBesideAServer) {
  EXPECT_THROW(repair(), DataFolderInUseError);
  EXPECT_THROW(check({.rebuild = true}), DataFolderInUseError);
}

TEST_F(FsckTest, RefusesAFolderThatIsNone) {
  const TempDir folder;
  EXPECT_EQ(message_of<Error>([&] { check_hub(folder.path()); }),
            "'" + folder.path().string() +
                "' is no data folder of a hub: it has no file FORMAT. Name the folder with "
                "--data.");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(FsckTest, TellsOfAnObjectThatIsGone) {
  fs::remove(object());
  const FsckReport report = check();
  EXPECT_EQ(problems(report), "object_missing");
  EXPECT_EQ(found(report, "object_missing").text,
            "The object " + oid_ + " of 1000 bytes ('w.bin') is not in the store.");
  hub_.stop();
  EXPECT_EQ(found(repair(), "object_missing").done, "") << "nobody has its bytes";
}

TEST_F(FsckTest, BringsAnObjectBackFromTheTrash) {
  make_folders(hub_.data_dir() / "trash" / "2026-01-01");
  fs::rename(object(), hub_.data_dir() / "trash" / "2026-01-01" / oid_);
  hub_.stop();
  EXPECT_EQ(found(repair(), "object_missing").done, "brought back from the trash");
  EXPECT_EQ(problems(check()), "");
  expect_readable();
}

TEST_F(FsckTest, OnlyADeepLookReadsTheBytes) {
  hub_.stop();
  fs::permissions(object(), fs::perms::owner_write, fs::perm_options::add);
  write_file_atomically(object(), std::string(1000, 'x'));
  EXPECT_EQ(problems(check()), "");
  EXPECT_EQ(problems(check({.deep = true})), "object_damaged");
  const FsckReport repaired = check({.repair = true, .deep = true});
  EXPECT_EQ(problems(repaired), "object_damaged, object_missing");
  EXPECT_EQ(found(repaired, "object_missing").done, "") << "the damaged one must not come back";
  EXPECT_FALSE(fs::exists(object())) << "a push of the same file may come now";
  hub_.start();
  EXPECT_EQ(HubClient(hub_).upload("demo/m", kBytes), oid_);
  EXPECT_EQ(problems(check({.deep = true})), "");
}

TEST_F(FsckTest, TellsOfAnObjectOfAnotherSize) {
  fs::permissions(object(), fs::perms::owner_write, fs::perm_options::add);
  write_file_atomically(object(), "short");
  EXPECT_EQ(problems(check()), "object_damaged");
}

TEST_F(FsckTest, LinksWhatACommitNeeds) {
  run_sql("DELETE FROM repo_lfs");
  EXPECT_EQ(problems(check()), "link_missing");
  hub_.stop();
  EXPECT_EQ(found(repair(), "link_missing").done, "linked");
  EXPECT_EQ(problems(check()), "");
  expect_readable();
}

TEST_F(FsckTest, OnlyMentionsObjectsThatOldVersionsLost) {
  HubClient client(hub_);
  client.commit("demo/m", to_ndjson(CommitDeletedFileLine{"w.bin"}));
  run_sql("DELETE FROM repo_lfs");
  const FsckReport report = check();
  EXPECT_EQ(problems(report), "");
  EXPECT_EQ(found(report, "old_version_gone").text,
            "An old version of 'w.bin' (" + oid_ + ") has no object any more.");
}

TEST_F(FsckTest, TellsOfEachObjectThatGitMisses) {
  // The blob of a.txt: git names it by the SHA-1 of "blob 4\0text".
  const std::string blob = git_blob_id("text");
  fs::remove(repository() / "objects" / blob.substr(0, 2) / blob.substr(2));
  const FsckReport report = check();
  EXPECT_EQ(problems(report), "git_damaged");
  EXPECT_NE(found(report, "git_damaged").text.find("The file " + blob + " that 'a.txt' in commit "),
            std::string::npos)
      << found(report, "git_damaged").text;
  EXPECT_EQ(found(report, "git_damaged").where, "model demo/m");
}

TEST_F(FsckTest, ReadsWhatReflogsName) {
  HubClient client(hub_);
  client.commit_file("demo/m", "a.txt", "second");
  client.post("/api/models/demo/m/super-squash/main", {{"message", "one"}});
  const std::string blob = git_blob_id("text");
  fs::remove(repository() / "objects" / blob.substr(0, 2) / blob.substr(2));
  EXPECT_EQ(problems(check()), "git_damaged") << "the old history stays in the log";
}

TEST_F(FsckTest, MakesTheRowOfAFolderAgain) {
  hub_.stop();
  run_sql("DELETE FROM repo_lfs");
  run_sql("DELETE FROM repo");
  EXPECT_EQ(problems(check()), "repository_without_row");
  const FsckReport repaired = repair();
  EXPECT_EQ(found(repaired, "repository_without_row").done, "its row was made again");
  EXPECT_EQ(found(repaired, "repository_without_row").where, "model demo/m");
  EXPECT_EQ(found(repaired, "link_missing").done, "linked");
  EXPECT_EQ(problems(check()), "");
  expect_readable();
  hub_.start();
  EXPECT_EQ(HubClient(hub_).get_json("/api/models/demo/m").at("private"), true);
}

TEST_F(FsckTest, MovesAFolderWithoutANameToTheTrash) {
  hub_.stop();
  run_sql("DELETE FROM repo_lfs");
  run_sql("DELETE FROM repo");
  fs::remove(server::label_of(repository()));
  const FsckFinding finding = found(repair(), "repository_without_row");
  EXPECT_TRUE(finding.done.starts_with("moved to '")) << finding.done;
  EXPECT_FALSE(fs::exists(repository()));
  EXPECT_EQ(problems(check()), "");
}

TEST_F(FsckTest, KeepsTheRowOfAFolderThatIsGone) {
  hub_.stop();
  fs::remove_all(repository());
  const FsckFinding finding = found(repair(), "repository_missing");
  ASSERT_TRUE(finding.done.starts_with("its row was moved to '")) << finding.done;
  const std::string file = finding.done.substr(22, finding.done.size() - 23);
  const json kept = json::parse(read_file(file));
  EXPECT_EQ(kept.at("repo").at("name"), "m");
  const json& tables = kept.at("rows");
  EXPECT_TRUE(std::any_of(tables.begin(), tables.end(), [](const json& table) {
    return table.at("table") == "repo_lfs";
  })) << tables;
  EXPECT_EQ(problems(check()), "");
}

TEST_F(FsckTest, MovesStrangersAway) {
  write_file_atomically(hub_.data_dir() / "lfs" / "ab" / "cd" / "notes.txt", "mine");
  write_file_atomically(hub_.data_dir() / "repos" / "readme", "mine");
  const FsckReport report = check();
  EXPECT_EQ(problems(report), "") << "they do no harm";
  EXPECT_EQ(report.findings.size(), 2U);
  hub_.stop();
  repair();
  EXPECT_EQ(check().findings.size(), 0U);
}

TEST_F(FsckTest, WritesALabelThatLagsBehind) {
  run_sql("UPDATE repo SET private = 0");
  EXPECT_EQ(found(check(), "label_old").where, "model demo/m");
  hub_.stop();
  EXPECT_EQ(found(repair(), "label_old").done, "written anew");
  EXPECT_EQ(check().findings.size(), 0U);
  run_sql("UPDATE repo SET forced_pushes = 0");
  EXPECT_EQ(found(check(), "label_old").where, "model demo/m");
}

TEST_F(FsckTest, RebuildsTheDatabaseFromTheRepositories) {
  HubClient client(hub_);
  hub_.admin().create_organization("team", "demo");
  client.create_repo("team/n");
  client.send("PUT", "/api/models/demo/m/settings", R"({"private": false})",
              {{"Content-Type", "application/json"}});
  const std::string demo = client.get_json("/api/whoami-v2").at("id");
  hub_.stop();
  // Its log as well: SQLite would make the database again from that.
  for (const char* end : {"-wal", "-shm"}) fs::remove(hub_.data_dir().string() + "/hub.db" + end);
  write_file_atomically(hub_.data_dir() / "hub.db", "no database any more");
  EXPECT_THROW(check(), Error) << "it must not be taken for an empty one";
  const FsckReport report = check({.rebuild = true});
  EXPECT_EQ(problems(report), "");
  EXPECT_NE(found(report, "rebuilt").text.find("2 repositories, 1 users, 1 organisations. Tokens"),
            std::string::npos)
      << found(report, "rebuilt").text;
  hub_.start();
  // An Admin of its own: the hub's has the old database open.
  const std::string token =
      Admin(hub_.data_dir(), Durability::relaxed).create_token("demo", TokenRole::write);
  HubClient again(hub_.base_url(), token);
  EXPECT_EQ(again.get_json("/api/whoami-v2").at("id"), demo);
  EXPECT_EQ(again.get_json("/api/models/demo/m").at("private"), false);
  EXPECT_EQ(again.get_json("/api/models/demo/m").at("_id"), id_);
  EXPECT_EQ(again.get("/api/models/team/n").status, 200);
  EXPECT_EQ(again.get("/demo/m/resolve/main/w.bin").body, kBytes);
  EXPECT_FALSE(again.commit_file("demo/m", "b.txt", "more").empty());
}

TEST_F(FsckTest, SaysThatTheDatabaseIsMissing) {
  hub_.stop();
  for (const char* end : {"", "-wal", "-shm"}) {
    fs::remove(hub_.data_dir().string() + "/hub.db" + end);
  }
  EXPECT_NE(message_of<Error>([&] { check(); }).find("'torchhub admin fsck --rebuild' makes"),
            std::string::npos);
  const auto why_not = [](const auto& start) {
    const std::string text = message_of<Error>(start);
    EXPECT_NE(text.find("is missing, but there are repositories."), std::string::npos) << text;
  };
  why_not([&] { Server({.data_dir = hub_.data_dir(), .listen = "127.0.0.1:0"}); });
  why_not([&] { Admin(hub_.data_dir(), Durability::relaxed).create_user("eve"); });
  EXPECT_FALSE(fs::exists(hub_.data_dir() / "hub.db")) << "an empty one would hide the loss";
  EXPECT_EQ(problems(check({.rebuild = true})), "");
}

}  // namespace
}  // namespace torchhub::testing
