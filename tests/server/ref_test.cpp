#include "server/data_layout.h"
#include "server/git_user.h"
#include "server/hub_client.h"
#include "server/refused_change.h"
#include "torchhub/base/base64.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class RefTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    first_ = client_.commit_file("demo/m", "a.txt", "1");
    second_ = client_.commit_file("demo/m", "a.txt", "2");
  }

  Response branch(const std::string& name, const json& body = json::object()) const {
    return client_.post("/api/models/demo/m/branch/" + name, body);
  }
  Response tag(const std::string& revision, const json& body) const {
    return client_.post("/api/models/demo/m/tag/" + revision, body);
  }
  Response remove(const std::string& what) const {
    return client_.send("DELETE", "/api/models/demo/m/" + what);
  }
  json refs() const { return client_.get_json("/api/models/demo/m/refs"); }

  LocalHub hub_;
  HubClient client_{hub_};
  std::string first_;
  std::string second_;
};

TEST_F(RefTest, CreatesBranchesWhereAsked) {
  EXPECT_EQ(branch("one").status, 200);
  EXPECT_EQ(branch("two", {{"startingPoint", first_}}).status, 200);
  EXPECT_EQ(branch("with%2Fslash", {{"startingPoint", "one"}}).status, 200);
  const json branches = refs().at("branches");
  ASSERT_EQ(branches.size(), 4U);
  EXPECT_EQ(branches[1],
            (json{{"name", "one"}, {"ref", "refs/heads/one"}, {"targetCommit", second_}}));
  EXPECT_EQ(branches[2].at("targetCommit"), first_);
  EXPECT_EQ(branches[3].at("name"), "with/slash");
}

TEST_F(RefTest, RefusesBranchesInTheWordsThatClientsKnow) {
  branch("one");
  const Response again = branch("one");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.headers.get("X-Error-Message"), "Reference refs/heads/one already exists");
  EXPECT_EQ(branch("one", {{"overwrite", true}, {"startingPoint", first_}}).status, 200);
  EXPECT_EQ(branch("refs%2Fpr%2F5").status, 400);
  EXPECT_EQ(branch("a..b").status, 400);
  EXPECT_EQ(branch("x.lock").status, 400);
  const Response lost = branch("two", {{"startingPoint", "nowhere"}});
  EXPECT_EQ(lost.status, 404);
  EXPECT_EQ(lost.headers.get("X-Error-Code"), "RevisionNotFound");
}

TEST_F(RefTest, DeletesBranchesButNotMain) {
  branch("one");
  EXPECT_EQ(remove("branch/one").status, 200);
  EXPECT_EQ(remove("branch/one").status, 404);
  const Response main = remove("branch/main");
  EXPECT_EQ(main.status, 403);
  EXPECT_EQ(main.headers.get("X-Error-Message"), "Cannot delete refs/heads/main");
  tag("main", {{"tag", "v1"}});
  EXPECT_EQ(remove("branch/v1").status, 404) << "a tag is no branch";
}

TEST_F(RefTest, StartsABranchThatIsEmpty) {
  ASSERT_EQ(branch("fresh", {{"emptyBranch", true}}).status, 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/m/tree/fresh"), json::array());
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/fresh").size(), 1U);
  client_.commit_file("demo/m", "own.txt", "1", "fresh");
  EXPECT_EQ(client_.get_json("/api/models/demo/m/tree/fresh").size(), 1U);
  EXPECT_EQ(branch("fresh", {{"emptyBranch", true}}).status, 409);
}

TEST_F(RefTest, FindsBranchesWithSlashesThatCameUnencoded) {
  branch("a%2Fb%2Fc");
  client_.commit_file("demo/m", "d/x.txt", "there", "a%2Fb%2Fc");
  EXPECT_EQ(client_.get("/demo/m/resolve/a/b/c/d/x.txt").body, "there");
  EXPECT_EQ(client_.get_json("/api/models/demo/m/tree/a/b/c/d")[0].at("path"), "d/x.txt");
  EXPECT_EQ(client_.get_json("/api/models/demo/m/tree/a/b/c").size(), 3U);
  EXPECT_EQ(client_.get("/demo/m/resolve/a/b/x/d/x.txt").headers.get("X-Error-Code"),
            "RevisionNotFound");
}

TEST_F(RefTest, FormatsTitlesForPages) {
  const std::string lines =
      to_ndjson(CommitHeaderLine{"a <b> & \"c\""}) + to_ndjson(CommitFileLine{"x", "1"});
  client_.send("POST", "/api/models/demo/m/commit/main", lines);
  const json commit = client_.get_json("/api/models/demo/m/commits/main?expand[]=formatted")[0];
  EXPECT_EQ(commit.at("title"), "a <b> & \"c\"");
  EXPECT_EQ(commit.at("formatted").at("title"), "a &lt;b&gt; &amp; &quot;c&quot;");
}

TEST_F(RefTest, SquashesABranchAndNothingElse) {
  branch("old");
  tag("main", {{"tag", "v1"}});
  const auto squash = [&](const std::string& name, const json& body) {
    return client_.post("/api/models/demo/m/super-squash/" + name, body);
  };
  ASSERT_EQ(squash("main", {{"message", "all of it"}}).status, 200);
  const json commits = client_.get_json("/api/models/demo/m/commits/main");
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].at("title"), "all of it");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").body, "2");
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/old").size(), 3U);
  EXPECT_EQ(client_.get("/demo/m/resolve/v1/a.txt").body, "2");
  EXPECT_EQ(client_.get("/demo/m/resolve/" + first_ + "/a.txt").body, "1") << "links to it are out";
  client_.commit_file("demo/m", "a.txt", "3");
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/main").size(), 2U);
  EXPECT_EQ(squash("v1", json::object()).status, 404) << "a tag is no branch";
  EXPECT_EQ(squash("nowhere", json::object()).headers.get("X-Error-Code"), "RevisionNotFound");
  EXPECT_EQ(squash("main", {{"message", 7}}).status, 400);
  const HubClient reader(hub_.base_url(), hub_.read_token());
  EXPECT_EQ(reader.post("/api/models/demo/m/super-squash/main", json::object()).status, 403);
}

TEST_F(RefTest, TagsPeelToTheirCommit) {
  EXPECT_EQ(tag(first_, {{"tag", "light"}}).status, 200);
  EXPECT_EQ(tag("main", {{"tag", "heavy"}, {"message", "a message"}}).status, 200);
  EXPECT_EQ(tag("main", {{"tag", "heavy"}}).status, 409);
  EXPECT_EQ(tag("nowhere", {{"tag", "x"}}).status, 404);
  EXPECT_EQ(tag("main", {{"tag", "x y"}}).status, 400);
  EXPECT_EQ(tag("nowhere", {{"tag", "x y"}}).headers.get("X-Error-Code"), "RevisionNotFound");
  const json tags = refs().at("tags");
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0].at("name"), "heavy");
  EXPECT_EQ(tags[0].at("targetCommit"), second_);
  EXPECT_EQ(tags[1].at("targetCommit"), first_);
  EXPECT_EQ(remove("tag/light").status, 200);
  EXPECT_EQ(remove("tag/light").status, 404);
}

TEST_F(RefTest, RefusesNamesThatReadAsCommits) {
  const std::string hash = "0123456789abcdef0123456789abcdef01234567";
  EXPECT_EQ(branch(hash).status, 400);
  EXPECT_EQ(tag("main", {{"tag", hash}}).status, 400);
  EXPECT_EQ(branch(hash.substr(1)).status, 200) << "39 digits are no commit";
}

TEST_F(RefTest, AFullIdIsTheCommitWhateverBranchesThereAre) {
  // As a push could have made it.
  const Finished made =
      git_in(repositories(hub_.data_dir()).at(0), {"update-ref", "refs/heads/" + first_, second_});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_EQ(client_.get("/demo/m/resolve/" + first_ + "/a.txt").body, "1");
}

TEST_F(RefTest, SaysWhichReferenceIsInTheWay) {
  ASSERT_EQ(branch("a").status, 200);
  const Response below = branch("a%2Fb");
  EXPECT_EQ(below.status, 409);
  EXPECT_EQ(below.headers.get("X-Error-Message"),
            "Reference refs/heads/a/b cannot be created: refs/heads/a is in its way. Delete that "
            "one, or choose another name.");
  ASSERT_EQ(branch("deep%2Fer").status, 200);
  EXPECT_EQ(branch("deep").status, 409);
  EXPECT_EQ(branch("deep2").status, 200);
  ASSERT_EQ(tag("main", {{"tag", "v/1"}}).status, 200);
  EXPECT_EQ(tag("main", {{"tag", "v"}}).status, 409);
  EXPECT_EQ(tag("main", {{"tag", "a/b"}}).status, 200) << "a branch is not in a tag's way";
  ASSERT_EQ(remove("branch/a").status, 200);
  EXPECT_EQ(branch("a%2Fb").status, 200);
  ASSERT_EQ(remove("branch/deep%2Fer").status, 200);
  EXPECT_EQ(branch("deep").status, 200);
}

TEST_F(RefTest, AnswersSuccessOnceTheReferenceHasChanged) {
  const RefusedChange refused(hub_, "no_time", "UPDATE OF modified ON repo");
  EXPECT_EQ(branch("one").status, 200);
  EXPECT_EQ(tag("main", {{"tag", "v1"}}).status, 200);
  EXPECT_EQ(remove("branch/one").status, 200);
  EXPECT_EQ(refs().at("branches").size(), 1U);
  EXPECT_EQ(refs().at("tags").size(), 1U);
}

TEST(DurableRefs, GoWithTheFoldersThatTheyLeaveEmpty) {
  // What is flushed after a deletion must be a folder that is still there.
  LocalHub hub({.server = {.durability = Durability::full}});
  HubClient client(hub);
  client.create_repo("m");
  for (const char* name : {"x%2Fy%2Fz", "plain"}) {
    const std::string target = std::string("/api/models/demo/m/branch/") + name;
    ASSERT_EQ(client.send("POST", target, "{}").status, 200);
    EXPECT_EQ(client.send("DELETE", target).status, 200) << name;
  }
  EXPECT_EQ(client.post("/api/models/demo/m/tag/main", {{"tag", "v/1"}, {"message", "a"}}).status,
            200);
  EXPECT_EQ(client.send("DELETE", "/api/models/demo/m/tag/v%2F1").status, 200);
  EXPECT_EQ(client.get_json("/api/models/demo/m/refs").at("branches").size(), 1U);
}

TEST_F(RefTest, BranchWinsOverTag) {
  tag(first_, {{"tag", "same"}});
  branch("same");
  EXPECT_EQ(client_.commit_at("demo/m", "same"), second_);
  EXPECT_EQ(client_.commit_at("demo/m", "refs%2Ftags%2Fsame"), first_);
}

TEST_F(RefTest, ListsCommitsInPages) {
  EXPECT_EQ(client_.get("/api/models?limit=abc").status, 400);
  Response page = client_.get("/api/models/demo/m/commits/main?limit=2");
  EXPECT_EQ(page.headers.get("X-Total-Count"), "3");
  json commits = json::parse(page.body);
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_EQ(commits[0].at("id"), second_);
  EXPECT_EQ(commits[0].at("authors").at(0).at("user"), "demo");
  EXPECT_EQ(commits[0].at("authors").at(0).at("avatar"), hub_.base_url() + "/avatars/demo.svg");
  const std::string link = page.headers.get("Link").value_or("");
  ASSERT_TRUE(link.starts_with("<" + hub_.base_url() + "/api/")) << link;
  ASSERT_TRUE(link.ends_with(">; rel=\"next\"")) << link;
  page = client_.get(link.substr(1, link.find('>') - 1));
  commits = json::parse(page.body);
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].at("title"), "initial commit");
  EXPECT_FALSE(page.headers.get("Link"));
}

TEST_F(RefTest, ListsOfPushedCommitsStaySmallWhateverTheirTexts) {
  const GitUser ana(hub_.base_url(), hub_.token());
  ana.clone("demo/m", "m");
  ana.shell("m",
            "head -c 400000 /dev/zero | tr '\\0' '\"' > ../text && "
            "{ cat ../text; echo; echo; cat ../text; } > ../message && for i in 1 2 3; do "
            "git commit -q --allow-empty --cleanup=verbatim -F ../message "
            "--author=\"$(head -c 100000 /dev/zero | tr '\\0' x) <a@b>\"; done && git push -q");
  const std::string target = "/api/models/demo/m/commits/main";
  const json commits = client_.get_json(target + "?limit=3");
  EXPECT_EQ(commits.at(0).at("title"), std::string(1000, '"'));
  EXPECT_EQ(commits.at(0).at("message"), std::string(65'536, '"'));
  EXPECT_EQ(commits.at(0).at("authors").at(0).at("user").get<std::string>().size(), 1000U);
  // A page of a thousand has 4 MiB of messages at most.
  const Response formatted = client_.get(target + "?limit=1000&expand=formatted");
  EXPECT_EQ(formatted.status, 200);
  EXPECT_LT(formatted.body.size(), 3 * 50'000U);
  EXPECT_EQ(json::parse(formatted.body).at(2).at("message").get<std::string>().size(), 4194U);
  const Response tree = client_.get("/api/models/demo/m/tree/main?expand=true");
  EXPECT_LT(tree.body.size(), 10'000U);
}

TEST_F(RefTest, ListsTreesInPagesOfOneCommit) {
  std::string lines;
  for (int i = 0; i < 1500; ++i) {
    lines += to_ndjson(CommitFileLine{"d/f" + std::to_string(10000 + i), "x"});
  }
  ASSERT_EQ(client_.commit("demo/m", lines).status, 200);
  const Response first = client_.get("/api/models/demo/m/tree/main?recursive=true");
  json entries = json::parse(first.body);
  ASSERT_EQ(entries.size(), 1000U);
  EXPECT_EQ(entries[2],
            json::parse(R"({"type":"directory","oid":")" + entries[2].at("oid").get<std::string>() +
                        R"(","size":0,"path":"d"})"));
  client_.commit("demo/m", to_ndjson(CommitDeletedFolderLine{"d"}));
  const std::string link = first.headers.get("Link").value_or("");
  const Response second = client_.get(link.substr(1, link.find('>') - 1));
  entries = json::parse(second.body);
  EXPECT_EQ(entries.size(), 503U) << "the rest of the tree as it was";
  EXPECT_EQ(entries.back().at("path"), "d/f11499");
  EXPECT_FALSE(second.headers.get("Link"));
}

TEST_F(RefTest, GoesOnBehindAnyEntryOfATree) {
  // git sorts a folder as if its name ended in a slash, so "d-1" and "d.txt" stand before it.
  std::string lines;
  for (const char* path : {"d/a", "d/b/c", "d/b/d", "d/c", "d-1", "d.txt", "d0", "e"}) {
    lines += to_ndjson(CommitFileLine{path, path});
  }
  for (int i = 0; i < 1000; ++i)
    lines += to_ndjson(CommitFileLine{"d/b/f" + std::to_string(i), "x"});
  ASSERT_EQ(client_.commit("demo/m", lines).status, 200);
  const std::string commit = client_.commit_at("demo/m");
  for (const char* mode : {"?recursive=true", "?recursive=false"}) {
    std::vector<std::string> all;
    std::string target = std::string("/api/models/demo/m/tree/main") + mode;
    while (!target.empty()) {
      const Response page = client_.get(target, {{"Authorization", "Bearer " + hub_.token()}});
      for (const json& entry : json::parse(page.body)) {
        all.push_back(entry.at("path").get<std::string>() +
                      (entry.at("type") == "directory" ? "/" : ""));
      }
      const std::string link = page.headers.get("Link").value_or("");
      target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    for (std::size_t i = 0; i<all.size(); i += all.size()> 100 ? 37 : 1) {
      SCOPED_TRACE(all[i]);
      const json rest =
          client_.get_json(std::string("/api/models/demo/m/tree/main") + mode +
                           "&cursor=" + commit + "-" + percent_encode(base64_encode(all[i])));
      ASSERT_EQ(rest.size(), std::min<std::size_t>(all.size() - i - 1, 1000));
      if (i + 1 == all.size()) continue;
      const std::string next = rest[0].at("path");
      EXPECT_EQ(next + (rest[0].at("type") == "directory" ? "/" : ""), all[i + 1]);
    }
  }
}

TEST_F(RefTest, ListsAFolderAndWhatChangedItLast) {
  const std::string third = client_.commit_file("demo/m", "sub/deep/b.txt", "3");
  const json entries = client_.get_json("/api/models/demo/m/tree/main/sub?expand=true");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].at("path"), "sub/deep");
  EXPECT_EQ(entries[0].at("lastCommit").at("id"), third);
  const json root = client_.get_json("/api/models/demo/m/tree/main?expand=true");
  EXPECT_EQ(root[1].at("path"), "a.txt");
  EXPECT_EQ(root[1].at("lastCommit").at("id"), second_);
  for (const char* path : {"missing", "a.txt"}) {
    const Response response = client_.get(std::string("/api/models/demo/m/tree/main/") + path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.headers.get("X-Error-Code"), "EntryNotFound");
  }
}

TEST_F(RefTest, FindsEachItemsLastChangeInOneWalk) {
  std::map<std::string, std::string> last;
  for (const char* path : {"d/x", "d/y", "e/z", "d/x", "top", "e/deep/er"}) {
    last[path] = client_.commit_file("demo/m", path, "at " + std::to_string(last.size()) + path);
  }
  last["d/x"] = client_.commit_file("demo/m", "d/x", "newest");
  last["d"] = last["d/x"];
  last["e"] = last["e/deep"] = last["e/deep/er"];
  last["a.txt"] = second_;
  const json initial = client_.get_json("/api/models/demo/m/commits/main").back();
  last[".gitattributes"] = initial.at("id");
  const json items = client_.get_json("/api/models/demo/m/tree/main?recursive=true&expand=true");
  EXPECT_EQ(items.size(), last.size());
  for (const json& item : items) {
    const std::string path = item.at("path");
    EXPECT_EQ(item.at("lastCommit").at("id"), last[path]) << path;
  }
}

TEST_F(RefTest, RefusesCursorsOfItsOwnMaking) {
  for (const std::string& cursor :
       {std::string("x"), second_, second_ + "-", second_ + "-1x", second_ + "--1",
        std::string(40, 'g') + "-YQ%3D%3D", std::string(40, 'x')}) {
    EXPECT_EQ(client_.get("/api/models/demo/m/tree/main?cursor=" + cursor).status, 400) << cursor;
  }
  EXPECT_EQ(client_.get("/api/models/demo/m/tree/main?cursor=" + std::string(40, '0') + "-YQ%3D%3D")
                .status,
            404);
  const std::string after = percent_encode(base64_encode(".gitattributes"));
  EXPECT_EQ(client_.get_json("/api/models/demo/m/tree/main?cursor=" + first_ + "-" + after).size(),
            1U);
}

TEST_F(RefTest, TellsPathsByJsonAndByForm) {
  client_.commit_file("demo/m", "sub/b c.txt", "3");
  const json by_json = json::parse(
      client_.post("/api/models/demo/m/paths-info/main", {{"paths", {"a.txt", "sub", "nope"}}})
          .body);
  ASSERT_EQ(by_json.size(), 2U);
  EXPECT_EQ(by_json[0].at("size"), 1);
  EXPECT_EQ(by_json[1].at("type"), "directory");
  const Response by_form =
      client_.send("POST", "/api/models/demo/m/paths-info/main", "paths=sub%2Fb+c.txt&expand=True",
                   {{"Content-Type", "application/x-www-form-urlencoded"}});
  const json entry = json::parse(by_form.body).at(0);
  EXPECT_EQ(entry.at("path"), "sub/b c.txt");
  EXPECT_EQ(entry.at("lastCommit").at("title"), "a change");
}

}  // namespace
}  // namespace torchhub::testing
