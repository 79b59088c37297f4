#include "server/discussion_fixture.h"
#include "server/git/repository.h"
#include "server/git_user.h"
#include "server/put_line.h"
#include "server/refused_change.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class PullRequestTest : public DiscussionFixture {
 protected:
  static std::string error_of(const Response& response, int status) {
    EXPECT_EQ(response.status, status) << response.body;
    return response.headers.get("X-Error-Message").value_or("");
  }

  /// A commit on a new pull request.
  static Response propose(const HubClient& who, const std::string& lines,
                          const std::string& parent = {}, const std::string& base = "main") {
    return who.commit("demo/m", lines, base + "?create_pr=1", parent);
  }
  static int number(const Response& response) {
    const std::string url = answer(response).at("pullRequestUrl");
    return std::stoi(url.substr(url.rfind('/') + 1));
  }
  std::string head(const std::string& revision = "main") const {
    const Response response = client_.get("/api/models/demo/m/commits/" + revision + "?limit=1");
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).at(0).at("id");
  }
  std::string content(const std::string& revision, const std::string& path) const {
    return client_.get("/demo/m/resolve/" + revision + "/" + path).body;
  }
  json details(int num, const std::string& query = "?diff=1") const {
    return client_.get_json(at("/" + std::to_string(num) + query));
  }
  std::vector<std::string> types(int num) const {
    std::vector<std::string> out;
    const json found = details(num);
    for (const json& event : found.at("events")) out.push_back(event.at("type"));
    return out;
  }
  Response merge(const HubClient& who, int num) const {
    return who.send("POST", at("/" + std::to_string(num) + "/merge"));
  }
};

TEST_F(PullRequestTest, IsMadeByACommitOfWhoMayOnlyRead) {
  const std::string before = head();
  const json made = answer(propose(eve_, put("a.txt", "proposed\n")));
  EXPECT_EQ(made.at("pullRequestUrl"), hub_.base_url() + "/demo/m/discussions/1");
  EXPECT_EQ(made.at("commitOid"), head("refs%2Fpr%2F1"));
  EXPECT_EQ(head(), before);
  EXPECT_EQ(content("refs%2Fpr%2F1", "a.txt"), "proposed\n");
  EXPECT_EQ(content("refs/pr/1", "a.txt"), "proposed\n");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").status, 404);
  const json found = details(1);
  EXPECT_EQ(found.at("isPullRequest"), true);
  EXPECT_EQ(found.at("status"), "open");
  EXPECT_EQ(found.at("title"), "a change");
  EXPECT_EQ(found.at("author").at("name"), "eve");
  EXPECT_EQ(found.at("changes"), json({{"base", "refs/heads/main"}}));
  EXPECT_EQ(found.at("filesWithConflicts"), json::array());
  ASSERT_EQ(found.at("events").size(), 1U);
  EXPECT_EQ(found.at("events").at(0).at("type"), "commit");
  EXPECT_EQ(found.at("events").at(0).at("data"),
            json({{"subject", "a change"}, {"oid", made.at("commitOid")}}));
  EXPECT_EQ(found.at("events").at(0).at("author").at("name"), "eve");
}

TEST_F(PullRequestTest, NeedsAWriteTokenAndTheRightToRead) {
  client_.create_repo("hidden", {{"private", true}});
  const HubClient reader(hub_.base_url(), hub_.read_token());
  EXPECT_EQ(propose(nobody_, put("a", "1")).status, 401);
  EXPECT_EQ(propose(reader, put("a", "1")).status, 403);
  EXPECT_EQ(eve_.commit("demo/hidden", put("a", "1"), "main?create_pr=1").body,
            eve_.commit("demo/missing", put("a", "1"), "main?create_pr=1").body);
  EXPECT_EQ(client_.get_json(at()).at("count"), 0);
}

TEST_F(PullRequestTest, GoesOutFromABranchAndNothingElse) {
  EXPECT_EQ(client_.post("/api/models/demo/m/tag/main", {{"tag", "v1"}}).status, 200);
  EXPECT_EQ(client_.post("/api/models/demo/m/branch/dev", json::object()).status, 200);
  number(propose(eve_, put("a", "1")));
  for (const std::string& revision :
       {head(), std::string("v1"), std::string("nothing"), std::string("refs%2Fpr%2F1")}) {
    const Response response = propose(eve_, put("a", "1"), {}, revision);
    EXPECT_EQ(response.status, 404) << revision;
    EXPECT_EQ(response.headers.get("X-Error-Code"), "RevisionNotFound") << revision;
  }
  EXPECT_EQ(details(number(propose(eve_, put("b", "1"), {}, "dev"))).at("changes").at("base"),
            "refs/heads/dev");
  EXPECT_EQ(client_.get_json(at()).at("count"), 2);
}

TEST_F(PullRequestTest, GoesOutFromTheParentThatIsGiven) {
  const std::string parent = head();
  client_.commit_file("demo/m", "later.txt", "later");
  const int num = number(propose(eve_, put("a.txt", "1"), parent));
  EXPECT_EQ(client_.get("/demo/m/resolve/refs%2Fpr%2F1/later.txt").status, 404);
  EXPECT_EQ(details(num).at("diff").get<std::string>().find("later.txt"), std::string::npos);
  EXPECT_EQ(answer(merge(client_, num)), json::object());
  EXPECT_EQ(content("main", "later.txt"), "later");
  EXPECT_EQ(content("main", "a.txt"), "1");
  EXPECT_EQ(propose(eve_, put("a.txt", "1"), std::string(40, 'e')).status, 404);
}

TEST_F(PullRequestTest, SharesItsNumbersWithDiscussions) {
  answer(eve_.post(at(), {{"title", "A question"}}));
  EXPECT_EQ(number(propose(eve_, put("a", "1"))), 2);
  EXPECT_EQ(answer(eve_.post(at(), {{"title", "Another"}})).at("num"), 3);
  const json only = client_.get_json(at("?type=pull_request"));
  ASSERT_EQ(only.at("count"), 1);
  EXPECT_EQ(only.at("discussions").at(0).at("num"), 2);
  EXPECT_EQ(client_.get_json(at("?type=discussion")).at("count"), 2);
}

TEST_F(PullRequestTest, IsListedAmongRefsWhenAskedFor) {
  const std::string commit = answer(propose(eve_, put("a", "1"))).at("commitOid");
  const json refs = client_.get_json("/api/models/demo/m/refs?include_prs=1");
  EXPECT_EQ(refs.at("pullRequests"),
            json({{{"name", "1"}, {"ref", "refs/pr/1"}, {"targetCommit", commit}}}));
  EXPECT_EQ(refs.at("branches").size(), 1U);
  EXPECT_FALSE(client_.get_json("/api/models/demo/m/refs").contains("pullRequests"));
  EXPECT_EQ(client_.send("DELETE", "/api/models/demo/m/branch/refs%2Fpr%2F1").status, 404);
  EXPECT_EQ(head("refs%2Fpr%2F1"), commit);
}

TEST_F(PullRequestTest, TakesCommitsOfItsAuthorAndOfWriters) {
  const HubClient mallory(hub_.base_url(), hub_.create_user("mallory"));
  number(propose(eve_, put("a", "1")));
  const std::string second = eve_.commit_file("demo/m", "a", "2", "refs%2Fpr%2F1");
  EXPECT_EQ(content("refs%2Fpr%2F1", "a"), "2");
  client_.commit_file("demo/m", "b", "3", "refs/pr/1");
  EXPECT_EQ(mallory.commit("demo/m", put("a", "4"), "refs%2Fpr%2F1").status, 403);
  EXPECT_EQ(nobody_.commit("demo/m", put("a", "4"), "refs%2Fpr%2F1").status, 401);
  EXPECT_EQ(eve_.commit("demo/m", put("a", "4"), "main").status, 403);
  EXPECT_EQ(eve_.commit("demo/m", put("a", "4"), "refs%2Fpr%2F2").status, 403);
  EXPECT_EQ(client_.commit("demo/m", put("a", "4"), "refs%2Fpr%2F2").status, 404);
  EXPECT_EQ(client_.commit("demo/m", put("a", "4"), "refs%2Fpr%2F01").status, 404);
  const json events = details(1).at("events");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events.at(1).at("data").at("oid"), second);
  EXPECT_EQ(events.at(1).at("author").at("name"), "eve");
  EXPECT_EQ(events.at(2).at("author").at("name"), "demo");
}

TEST_F(PullRequestTest, APreuploadAsksForTheSameRights) {
  const HubClient mallory(hub_.base_url(), hub_.create_user("mallory"));
  number(propose(eve_, put("a", "1")));
  const auto ask = [&](const HubClient& who, const std::string& revision) {
    return who
        .post("/api/models/demo/m/preupload/" + revision,
              {{"files", {{{"path", "a"}, {"size", 1}, {"sample", "MQ=="}}}}})
        .status;
  };
  EXPECT_EQ(ask(eve_, "main"), 403);
  EXPECT_EQ(ask(eve_, "main?create_pr=1"), 200);
  EXPECT_EQ(ask(eve_, "refs%2Fpr%2F1"), 200);
  EXPECT_EQ(ask(mallory, "refs%2Fpr%2F1"), 403);
  EXPECT_EQ(ask(nobody_, "main?create_pr=1"), 401);
}

TEST_F(PullRequestTest, TakesNoCommitsOnceItIsClosedOrMerged) {
  number(propose(eve_, put("a", "1")));
  answer(eve_.post(at("/1/status"), {{"status", "closed"}}));
  EXPECT_EQ(error_of(eve_.commit("demo/m", put("a", "2"), "refs%2Fpr%2F1"), 403),
            "Pull request 1 is closed; it takes no more commits. Reopen it first.");
  EXPECT_EQ(client_.post("/api/models/demo/m/super-squash/refs%2Fpr%2F1", json::object()).status,
            403);
  answer(eve_.post(at("/1/status"), {{"status", "open"}}));
  EXPECT_EQ(eve_.commit("demo/m", put("a", "2"), "refs%2Fpr%2F1").status, 200);
  answer(merge(client_, 1));
  EXPECT_EQ(error_of(eve_.commit("demo/m", put("a", "3"), "refs%2Fpr%2F1"), 403),
            "Pull request 1 is merged; it takes no more commits.");
  EXPECT_EQ(client_.post(at("/1/status"), {{"status", "open"}}).status, 409);
}

TEST_F(PullRequestTest, StartsAsADraftWithoutACommit) {
  const json made = answer(
      eve_.post(at(), {{"title", "To come"}, {"description", "Wait"}, {"pullRequest", true}}));
  EXPECT_EQ(made.at("num"), 1);
  EXPECT_EQ(made.at("status"), "draft");
  EXPECT_EQ(head("refs%2Fpr%2F1"), head());
  EXPECT_EQ(details(1).at("diff"), "");
  eve_.commit_file("demo/m", "a", "1", "refs%2Fpr%2F1");
  EXPECT_EQ(error_of(merge(client_, 1), 409),
            "Pull request 1 is a draft. Open it before merging it.");
  answer(eve_.post(at("/1/status"), {{"status", "open"}}));
  answer(merge(client_, 1));
  EXPECT_EQ(types(1),
            (std::vector<std::string>{"comment", "commit", "status-change", "status-change"}));
}

TEST_F(PullRequestTest, MergesAsOneCommitThatNamesItsAuthor) {
  client_.commit_file("demo/m", "lines.txt", "1\n2\n3\n4\n5\n6\n7\n8\n");
  const int num = number(propose(eve_, put("lines.txt", "one\n2\n3\n4\n5\n6\n7\n8\n")));
  eve_.commit_file("demo/m", "new/file.txt", "new", "refs%2Fpr%2F1");
  client_.commit_file("demo/m", "lines.txt", "1\n2\n3\n4\n5\n6\n7\neight\n");
  const std::string before = head();
  answer(client_.post(at("/1/merge"), {{"comment", "Thanks!"}}));
  EXPECT_EQ(content("main", "lines.txt"), "one\n2\n3\n4\n5\n6\n7\neight\n");
  EXPECT_EQ(content("main", "new/file.txt"), "new");
  const json history = client_.get_json("/api/models/demo/m/commits/main");
  EXPECT_EQ(history.at(0).at("title"), "a change (#1)");
  EXPECT_EQ(history.at(1).at("id"), before);
  EXPECT_EQ(history.at(0).at("authors").at(0).at("user"), "demo");
  const std::string message = history.at(0).at("message");
  EXPECT_NE(message.find("- a change (" + head("refs%2Fpr%2F1") + ")"), std::string::npos);
  EXPECT_NE(message.find("Co-authored-by: eve <eve@users.noreply.127.0.0.1>"), std::string::npos);
  const json found = details(num);
  EXPECT_EQ(found.at("status"), "merged");
  EXPECT_EQ(found.at("changes").at("mergeCommitId"), head());
  EXPECT_EQ(found.at("filesWithConflicts"), json::array());
  EXPECT_NE(found.at("diff").get<std::string>().find("+one\n"), std::string::npos);
  const json& events = found.at("events");
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events.at(2).at("data").at("latest").at("raw"), "Thanks!");
  EXPECT_EQ(events.at(3).at("data"), json({{"status", "merged"}}));
  EXPECT_EQ(client_.get_json(at("?status=closed")).at("count"), 1);
}

TEST_F(PullRequestTest, OnlyWritersMerge) {
  number(propose(eve_, put("a", "1")));
  const std::string before = head();
  EXPECT_EQ(merge(eve_, 1).status, 403);
  EXPECT_EQ(merge(nobody_, 1).status, 401);
  EXPECT_EQ(head(), before);
  answer(eve_.post(at(), {{"title", "A question"}}));
  EXPECT_EQ(error_of(merge(client_, 2), 409), "Only a pull request can be merged.");
}

TEST_F(PullRequestTest, NamesTheFilesThatKeepItFromMerging) {
  client_.commit_file("demo/m", "a.txt", "base\n");
  number(propose(eve_, put("a.txt", "theirs\n") + put("b.txt", "theirs\n")));
  client_.commit_file("demo/m", "a.txt", "ours\n");
  const std::string before = head();
  EXPECT_EQ(details(1).at("filesWithConflicts"), json({"a.txt"}));
  const std::string error = error_of(merge(client_, 1), 409);
  EXPECT_EQ(
      error,
      "Pull request 1 cannot be merged: refs/heads/main changed since, in another way: a.txt. "
      "Commit to refs/pr/1 what both should become.");
  EXPECT_EQ(head(), before);
  EXPECT_EQ(details(1).at("status"), "open");
  eve_.commit_file("demo/m", "a.txt", "ours\n", "refs%2Fpr%2F1");
  EXPECT_EQ(details(1).at("filesWithConflicts"), json::array());
  answer(merge(client_, 1));
  EXPECT_EQ(content("main", "b.txt"), "theirs\n");
}

TEST_F(PullRequestTest, RulesOfBothSidesStayInGitattributes) {
  const std::string ours = client_.upload("demo/m", "ours");
  client_.upload("demo/m", "theirs");
  const int num =
      number(propose(client_, to_ndjson(CommitLfsFileLine{"their.data", sha256_hex("theirs"), 6})));
  ASSERT_EQ(client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"our.data", ours, 4})).status,
            200);
  answer(merge(client_, num));
  const std::string rules = client_.get("/demo/m/raw/main/.gitattributes").body;
  EXPECT_NE(rules.find("their.data filter=lfs"), std::string::npos) << rules;
  EXPECT_NE(rules.find("our.data filter=lfs"), std::string::npos) << rules;
  EXPECT_EQ(rules.find("<<<<"), std::string::npos);
  EXPECT_EQ(content("main", "their.data"), "theirs");
}

TEST_F(PullRequestTest, ACardThatTheMergeWouldBreakIsRefused) {
  const auto card = [](const std::string& top, const std::string& bottom) {
    return "---\n" + top + "a: 1\nb: 2\nc: 3\nd: 4\n" + bottom + "---\n";
  };
  // More than half of the front matter that a card may have.
  const std::string much = "# " + std::string(150'000, 'x') + "\n";
  client_.commit_file("demo/m", "README.md", card("", ""));
  number(propose(eve_, put("README.md", card("", much))));
  number(propose(eve_, put("README.md", card("", "language: en\n"))));
  client_.commit_file("demo/m", "README.md", card(much, ""));
  const std::string before = head();
  EXPECT_EQ(error_of(merge(client_, 1), 409)
                .find("Pull request 1 cannot be merged: together with refs/heads/main the metadata "
                      "of README.md would be broken: "),
            0U);
  EXPECT_EQ(head(), before);
  answer(merge(client_, 2));
  EXPECT_EQ(content("main", "README.md"), card(much, "language: en\n"));
}

TEST_F(PullRequestTest, OneOfTwoMergesAtOnceWins) {
  constexpr int kMergers = 4;
  number(propose(eve_, put("a", "1")));
  std::vector<int> statuses(kMergers);
  std::vector<std::thread> mergers;
  for (int i = 0; i < kMergers; ++i) {
    mergers.emplace_back([&, i] {
      const HubClient mine(hub_);
      statuses[static_cast<std::size_t>(i)] = merge(mine, 1).status;
    });
  }
  for (std::thread& merger : mergers) merger.join();
  std::sort(statuses.begin(), statuses.end());
  EXPECT_EQ(statuses, (std::vector{200, 409, 409, 409}));
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/main").size(), 2U);
}

TEST_F(PullRequestTest, MergesAndCommitsToOneBranchQueueUp) {
  constexpr int kEach = 4;
  for (int i = 0; i < kEach; ++i) number(propose(eve_, put("pr" + std::to_string(i), "1")));
  std::vector<std::thread> writers;
  for (int i = 0; i < kEach; ++i) {
    writers.emplace_back([&, i] { EXPECT_EQ(merge(HubClient(hub_), i + 1).status, 200); });
    writers.emplace_back(
        [&, i] { HubClient(hub_).commit_file("demo/m", "own" + std::to_string(i), "1"); });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/main").size(), 1U + 2 * kEach);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("siblings").size(), 1U + 2 * kEach);
}

TEST_F(PullRequestTest, SurvivesASquashOfEitherSide) {
  client_.commit_file("demo/m", "a.txt", "1\n");
  number(propose(eve_, put("b.txt", "from 1\n")));
  number(propose(eve_, put("c.txt", "from 2\n")));
  eve_.commit_file("demo/m", "c.txt", "from 2 again\n", "refs%2Fpr%2F2");
  answer(eve_.post("/api/models/demo/m/super-squash/refs%2Fpr%2F2", {{"message", "All of it"}}));
  EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/refs%2Fpr%2F2").size(), 1U);
  EXPECT_EQ(types(2), (std::vector<std::string>{"commit", "commit", "commit"}));
  answer(client_.post("/api/models/demo/m/super-squash/main", json::object()));
  for (int num : {1, 2}) {
    const json found = details(num);
    EXPECT_EQ(found.at("filesWithConflicts"), json::array());
    EXPECT_EQ(found.at("diff").get<std::string>().find("a.txt"), std::string::npos);
    answer(merge(client_, num));
  }
  EXPECT_EQ(content("main", "b.txt"), "from 1\n");
  EXPECT_EQ(content("main", "c.txt"), "from 2 again\n");
}

TEST_F(PullRequestTest, MergingWhatTheBranchHasMakesNoCommit) {
  number(propose(eve_, put("a.txt", "1\n")));
  const std::string tip = client_.commit_file("demo/m", "a.txt", "1\n");
  answer(merge(client_, 1));
  EXPECT_EQ(head(), tip);
  EXPECT_EQ(details(1).at("changes").at("mergeCommitId"), tip);
}

TEST_F(PullRequestTest, SaysThatItsBranchIsGone) {
  answer(client_.post("/api/models/demo/m/branch/dev", json::object()));
  number(propose(eve_, put("a.txt", "1\n"), {}, "dev"));
  EXPECT_EQ(client_.send("DELETE", "/api/models/demo/m/branch/dev").status, 200);
  EXPECT_EQ(details(1).at("filesWithConflicts"), true);
  EXPECT_NE(details(1).at("diff").get<std::string>().find("+1"), std::string::npos);
  EXPECT_EQ(error_of(merge(client_, 1), 409),
            "Pull request 1 cannot be merged: refs/heads/dev is gone.");
}

TEST_F(PullRequestTest, ShowsItsDiffUpToALimit) {
  client_.commit_file("demo/m", "a.txt", "same\nold\n");
  std::string many;
  for (int i = 0; i < 7; ++i) {
    many += put("big" + std::to_string(i), std::string(1'000'000, static_cast<char>('a' + i)));
  }
  number(propose(eve_, put("a.txt", "same\nnew\n") + put("latin.txt", "caf\xe9\n")));
  number(propose(eve_, many));
  const std::string small = details(1).at("diff");
  EXPECT_EQ(small.find("diff --git a/a.txt b/a.txt\n"), 0U);
  EXPECT_NE(small.find("\n same\n-old\n+new\n"), std::string::npos) << small;
  const std::string cut = details(2).at("diff");
  EXPECT_LT(cut.size(), 5'300'000U);
  EXPECT_TRUE(cut.ends_with("fetch them and use git diff.]\n"));
  EXPECT_FALSE(details(1, "").contains("diff"));
}

TEST_F(PullRequestTest, LeavesNothingIfTheDatabaseFailsInTheMiddle) {
  {
    const RefusedChange refused(hub_, "no_open", "UPDATE OF status ON discussion");
    EXPECT_EQ(propose(eve_, put("a", "1")).status, 503);
  }
  const json refs = client_.get_json("/api/models/demo/m/refs?include_prs=1");
  EXPECT_EQ(refs.at("pullRequests"), json::array());
  EXPECT_EQ(client_.get_json(at()).at("count"), 0);
  EXPECT_EQ(number(propose(eve_, put("a", "1"))), 1);
}

TEST_F(PullRequestTest, AMergeThatTheDatabaseLostIsFoundInTheBranch) {
  number(propose(eve_, put("a", "1")));
  {
    const RefusedChange refused(hub_, "no_merge", "UPDATE OF merge_commit ON discussion");
    EXPECT_EQ(merge(client_, 1).status, 503);
  }
  const std::string merged = head();
  EXPECT_EQ(details(1).at("status"), "open");
  answer(merge(client_, 1));
  EXPECT_EQ(head(), merged);
  EXPECT_EQ(details(1).at("changes").at("mergeCommitId"), merged);
}

TEST_F(PullRequestTest, CommitsThatWereNotToldOfAreToldLater) {
  number(propose(eve_, put("a", "1")));
  std::string second;
  {
    const RefusedChange refused(hub_, "no_events", "INSERT ON discussion_event");
    second = eve_.commit_file("demo/m", "a", "2", "refs%2Fpr%2F1");
  }
  const json events = details(1).at("events");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events.at(1).at("data").at("oid"), second);
  EXPECT_EQ(events.at(1).at("author").at("name"), "eve");
}

TEST_F(PullRequestTest, TakesANumberPastRefsThatAreThereAlready) {
  server::git::Repository git(
      [&] {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(hub_.data_dir())) {
          if (entry.path().extension() == ".git") return entry.path();
        }
        return std::filesystem::path();
      }(),
      hub_.data_dir() / "gitconfig", Durability::relaxed);
  const std::string tip = head();
  ASSERT_TRUE(git.move_ref("refs/pr/1", "", tip, "from elsewhere"));
  ASSERT_TRUE(git.move_ref("refs/pr/7", "", tip, "from elsewhere"));
  EXPECT_EQ(number(propose(eve_, put("a", "1"))), 8);
  EXPECT_EQ(head("refs%2Fpr%2F1"), tip);
  EXPECT_EQ(client_.get_json(at()).at("count"), 1);
}

TEST_F(PullRequestTest, GoesWithItsRepository) {
  number(propose(eve_, put("a", "1")));
  EXPECT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  client_.create_repo("m");
  EXPECT_EQ(client_.get_json(at()).at("count"), 0);
  EXPECT_EQ(number(propose(eve_, put("a", "1"))), 1);
}

TEST_F(PullRequestTest, ACommitThatFailsMakesNone) {
  EXPECT_EQ(propose(eve_, to_ndjson(CommitDeletedFileLine{"missing"})).status, 404);
  EXPECT_EQ(propose(eve_, put("README.md", "---\na: [\n---\n")).status, 400);
  CommitHeaderLine header{"a change", std::string(65537, 'x')};
  const Response long_one =
      eve_.send("POST", "/api/models/demo/m/commit/main?create_pr=1", to_ndjson(header));
  EXPECT_EQ(error_of(long_one, 400), "'description' has 65537 bytes; it may have 65536.");
  EXPECT_EQ(client_.get_json(at()).at("count"), 0);
  EXPECT_EQ(number(propose(eve_, put("a", "1"))), 1);
}

TEST_F(PullRequestTest, TellsOfAPushedCommitByTheFrontOfItsTitle) {
  ASSERT_EQ(propose(eve_, put("a.txt", "1")).status, 200);
  const GitUser ana(hub_.base_url(), hub_.token());
  ana.clone("demo/m", "m");
  ana.shell("m",
            "git fetch -q origin refs/pr/1 && git checkout -q FETCH_HEAD && "
            "head -c 1000000 /dev/zero | tr '\\0' t > ../title && "
            "git commit -q --allow-empty -F ../title && git push -q origin HEAD:refs/pr/1");
  const json events = details(1).at("events");
  EXPECT_EQ(events.back().at("data").at("subject"), std::string(1000, 't'));
}

TEST_F(PullRequestTest, ItsTitleIsTheSummaryCutToSize) {
  std::string summary;
  for (int i = 0; i < 250; ++i) summary += "ä";
  const Response made = eve_.send("POST", "/api/models/demo/m/commit/main?create_pr=1",
                                  to_ndjson(CommitHeaderLine{summary}) + put("a", "1"));
  EXPECT_EQ(details(number(made)).at("title").get<std::string>().size(), 400U);
}

}  // namespace
}  // namespace torchhub::testing
