#include "server/discussion_fixture.h"
#include "server/store/database.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class DiscussionTest : public DiscussionFixture {
 protected:
  int open(const HubClient& who, const std::string& title) const {
    return answer(who.post(at(), {{"title", title}, {"description", "Please."}})).at("num");
  }
  std::vector<int> numbers(const std::string& query) const {
    std::vector<int> out;
    const json page = client_.get_json(at(query));
    for (const json& one : page.at("discussions")) out.push_back(one.at("num"));
    return out;
  }
  json events(int num) const {
    return client_.get_json(at("/" + std::to_string(num))).at("events");
  }
};

TEST_F(DiscussionTest, IsOpenedByWhoMayOnlyRead) {
  const json made = answer(eve_.post(
      at(), {{"title", "  A question "}, {"description", "<b>Why?</b>"}, {"pullRequest", false}}));
  EXPECT_EQ(made.at("num"), 1);
  EXPECT_EQ(made.at("url"), hub_.base_url() + "/demo/m/discussions/1");
  const json found = nobody_.get_json(at("/1?diff=1"));
  EXPECT_EQ(found.at("title"), "A question");
  EXPECT_EQ(found.at("status"), "open");
  EXPECT_EQ(found.at("isPullRequest"), false);
  EXPECT_EQ(found.at("author").at("name"), "eve");
  EXPECT_EQ(found.at("repo"), json({{"name", "demo/m"}, {"type", "model"}}));
  ASSERT_EQ(found.at("events").size(), 1U);
  const json comment = found.at("events").at(0);
  EXPECT_EQ(comment.at("type"), "comment");
  EXPECT_EQ(comment.at("author").at("name"), "eve");
  EXPECT_EQ(comment.at("data").at("latest").at("raw"), "<b>Why?</b>");
  EXPECT_EQ(comment.at("data").at("latest").at("html"), "<p>&lt;b&gt;Why?&lt;/b&gt;</p>");
  EXPECT_EQ(comment.at("data").at("edited"), false);
  EXPECT_EQ(comment.at("data").at("hidden"), false);
  EXPECT_EQ(comment.at("data").at("history"), json::array());
}

TEST_F(DiscussionTest, NeedsATokenThatMayWrite) {
  EXPECT_EQ(nobody_.post(at(), {{"title", "A question"}}).status, 401);
  const HubClient reader(hub_.base_url(), hub_.read_token());
  const Response refused = reader.post(at(), {{"title", "A question"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.get("X-Error-Message"),
            "Your token has the role 'read'; this needs a token with the role 'write'.");
  open(eve_, "First");
  for (const char* what : {"/1/comment", "/1/title", "/1/status"}) {
    EXPECT_EQ(reader.post(at(what), json::object()).status, 403) << what;
    EXPECT_EQ(nobody_.post(at(what), json::object()).status, 401) << what;
  }
}

TEST_F(DiscussionTest, PrivateRepositoriesLookMissing) {
  client_.create_repo("hidden", {{"private", true}});
  const std::string there = "/api/models/demo/hidden/discussions";
  const std::string missing = "/api/models/demo/missing/discussions";
  EXPECT_EQ(client_.post(there, {{"title", "Between us"}}).status, 200);
  for (const std::string& rest : {std::string(), std::string("/1")}) {
    const Response a = eve_.get(there + rest);
    const Response b = eve_.get(missing + rest);
    EXPECT_EQ(a.status, 404);
    EXPECT_EQ(a.body, b.body);
    EXPECT_EQ(a.headers.get("X-Error-Code"), "RepoNotFound");
    EXPECT_EQ(nobody_.get(there + rest).body, nobody_.get(missing + rest).body);
  }
  EXPECT_EQ(eve_.post(there + "/1/comment", {{"comment", "Hello"}}).body,
            eve_.post(missing + "/1/comment", {{"comment", "Hello"}}).body);
}

TEST_F(DiscussionTest, ListsNewestFirstAndFiltered) {
  open(client_, "One");
  open(eve_, "Two");
  open(eve_, "Three");
  answer(eve_.post(at("/2/status"), {{"status", "closed"}}));
  EXPECT_EQ(numbers(""), (std::vector{3, 2, 1}));
  EXPECT_EQ(numbers("?author=Eve"), (std::vector{3, 2}));
  EXPECT_EQ(numbers("?author=nemo"), std::vector<int>());
  EXPECT_EQ(numbers("?status=open"), (std::vector{3, 1}));
  EXPECT_EQ(numbers("?status=closed&type=all"), (std::vector{2}));
  EXPECT_EQ(numbers("?type=discussion&status=all"), (std::vector{3, 2, 1}));
  EXPECT_EQ(numbers("?type=pull_request"), std::vector<int>());
  EXPECT_EQ(client_.get(at("?type=question")).status, 400);
  EXPECT_EQ(client_.get(at("?status=merged")).headers.get("X-Error-Message"),
            "'status' must be one of: all, open, closed.");
}

TEST_F(DiscussionTest, ListsPageByPage) {
  constexpr int kMany = 103;
  for (int i = 1; i <= kMany; ++i) ASSERT_EQ(open(client_, "Question"), i);
  const json last = client_.get_json(at("?p=2"));
  EXPECT_EQ(last.at("count"), kMany);
  EXPECT_EQ(last.at("start"), 100);
  EXPECT_EQ(numbers("?p=0").size(), 50U);
  EXPECT_EQ(numbers("?p=2"), (std::vector{3, 2, 1}));
  EXPECT_EQ(numbers("?p=3"), std::vector<int>());
  EXPECT_EQ(numbers("?p=18446744073709551615"), std::vector<int>());
  EXPECT_EQ(client_.get(at("?p=-1")).status, 400);
}

TEST_F(DiscussionTest, NumbersCountInEachRepository) {
  client_.create_repo("other");
  EXPECT_EQ(open(client_, "One"), 1);
  EXPECT_EQ(open(client_, "Two"), 2);
  EXPECT_EQ(
      answer(client_.post("/api/models/demo/other/discussions", {{"title", "One"}})).at("num"), 1);
}

TEST_F(DiscussionTest, CommentsAreEditedByTheirAuthorAlone) {
  open(client_, "One");
  const json made =
      answer(eve_.post(at("/1/comment"), {{"comment", "I think so"}})).at("newMessage");
  const std::string edit = at("/1/comment/" + made.at("id").get<std::string>() + "/edit");
  EXPECT_EQ(client_.post(edit, {{"content", "I do not"}}).status, 403);
  const json edited =
      answer(eve_.post(edit, {{"content", "I think **not**"}})).at("updatedComment");
  EXPECT_EQ(edited.at("id"), made.at("id"));
  EXPECT_EQ(edited.at("data").at("edited"), true);
  EXPECT_EQ(edited.at("data").at("latest").at("raw"), "I think **not**");
  EXPECT_EQ(edited.at("data").at("numEdits"), 1);
  EXPECT_EQ(edited.at("data").at("history").at(0).at("raw"), "I think so");
  EXPECT_EQ(events(1).at(1), edited);
}

TEST_F(DiscussionTest, HiddenCommentsAreGoneForGood) {
  open(client_, "One");
  const auto say = [&](const char* text) {
    return answer(eve_.post(at("/1/comment"), {{"comment", text}}))
        .at("newMessage")
        .at("id")
        .get<std::string>();
  };
  const std::string rude = say("something rude");
  const std::string regretted = say("something regretted");
  const std::string hers =
      answer(client_.post(at("/1/comment"), {{"comment", "an answer"}}))["newMessage"]["id"];
  EXPECT_EQ(eve_.send("POST", at("/1/comment/" + hers + "/hide")).status, 403);
  const json hidden = answer(client_.send("POST", at("/1/comment/" + rude + "/hide")));
  EXPECT_EQ(hidden.at("updatedComment").at("data").at("hidden"), true);
  answer(eve_.send("POST", at("/1/comment/" + regretted + "/hide")));
  EXPECT_EQ(events(1).dump().find("something"), std::string::npos);
  EXPECT_EQ(eve_.post(at("/1/comment/" + rude + "/edit"), {{"content", "again"}}).status, 409);
}

TEST_F(DiscussionTest, TitleAndStatusAreChangedByAuthorAndWriters) {
  const HubClient mallory(hub_.base_url(), hub_.create_user("mallory"));
  open(eve_, "Oen");
  EXPECT_EQ(mallory.post(at("/1/title"), {{"title", "Mine"}}).status, 403);
  EXPECT_EQ(mallory.post(at("/1/status"), {{"status", "closed"}}).status, 403);
  const json title = answer(eve_.post(at("/1/title"), {{"title", "One"}})).at("newTitle");
  EXPECT_EQ(title.at("type"), "title-change");
  EXPECT_EQ(title.at("data"), json({{"from", "Oen"}, {"to", "One"}}));
  const json status =
      answer(client_.post(at("/1/status"),
                          {{"status", "closed"}, {"reason", "answered"}, {"comment", "Thanks!"}}))
          .at("newStatus");
  EXPECT_EQ(status.at("type"), "status-change");
  EXPECT_EQ(status.at("data"), json({{"status", "closed"}, {"reason", "answered"}}));
  const json all = events(1);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.at(1), title);
  EXPECT_EQ(all.at(2).at("data").at("latest").at("raw"), "Thanks!");
  EXPECT_EQ(all.at(3), status);
  EXPECT_EQ(client_.post(at("/1/status"), {{"status", "closed"}}).status, 409);
  answer(eve_.post(at("/1/status"), {{"status", "open"}}));
  EXPECT_EQ(client_.get_json(at("/1")).at("status"), "open");
}

TEST_F(DiscussionTest, BadInputNamesTheField) {
  open(client_, "One");
  const auto message = [&](const std::string& where, const json& body) {
    const Response response = client_.post(at(where), body);
    EXPECT_EQ(response.status, 400) << response.body;
    return response.headers.get("X-Error-Message").value_or("");
  };
  EXPECT_EQ(message("", {{"description", "x"}}), "The field 'title' is missing.");
  EXPECT_EQ(message("", {{"title", " ab "}}), "'title' has 2 characters; it must have 3 to 200.");
  EXPECT_EQ(message("", {{"title", std::string(201, 'x')}}),
            "'title' has 201 characters; it must have 3 to 200.");
  EXPECT_EQ(message("", {{"title", "two\nlines"}}),
            "'title' must be one line without control characters.");
  EXPECT_EQ(message("", {{"title", "Title"}, {"description", 7}}), "'description' must be a text.");
  EXPECT_EQ(message("", {{"title", "Title"}, {"description", std::string(65537, 'x')}}),
            "'description' has 65537 bytes; it may have 65536.");
  EXPECT_EQ(message("", {{"title", "Title"}, {"pullRequest", "yes"}}),
            "'pullRequest' must be true or false.");
  EXPECT_EQ(message("/1/comment", {{"comment", " \n"}}), "'comment' must say something.");
  EXPECT_EQ(message("/1/comment", json::object()), "The field 'comment' is missing.");
  EXPECT_EQ(message("/1/status", {{"status", "merged"}}), "'status' must be open or closed.");
  EXPECT_EQ(events(1).size(), 1U);
  // 200 characters are more bytes.
  std::string title;
  for (int i = 0; i < 200; ++i) title += "ä";
  answer(client_.post(at("/1/title"), {{"title", title}}));
}

TEST_F(DiscussionTest, WhatIsNotThereIsNotFound) {
  open(client_, "One");
  for (const char* what : {"/2", "/0", "/-1", "/x", "/1x", "/99999999999999999999"}) {
    EXPECT_EQ(client_.get(at(what)).status, 404) << what;
    EXPECT_EQ(client_.post(at(std::string(what) + "/comment"), {{"comment", "x"}}).status, 404);
  }
  const Response response = client_.post(at("/1/comment/abcdef/edit"), {{"content", "x"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("X-Error-Message"), "Discussion 1 has no comment abcdef.");
}

TEST_F(DiscussionTest, ACommentOfAnotherDiscussionIsNotThere) {
  open(eve_, "One");
  open(eve_, "Two");
  const std::string id = events(1).at(0).at("id");
  EXPECT_EQ(eve_.post(at("/2/comment/" + id + "/edit"), {{"content", "moved"}}).status, 404);
  EXPECT_EQ(eve_.send("POST", at("/2/comment/" + id + "/hide")).status, 404);
}

TEST_F(DiscussionTest, HoldsSoManyEventsAndNoMore) {
  open(client_, "One");
  {
    server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
    database.script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998) "
        "INSERT INTO discussion_event(id, repo, num, type, created, data) "
        "SELECT 'e' || i, (SELECT id FROM repo), 1, 'title-change', 0, '{\"from\":\"a\",\"to\":"
        "\"b\"}' FROM n");
  }
  EXPECT_EQ(client_.post(at("/1/comment"), {{"comment", "The last one"}}).status, 200);
  const Response refused = client_.post(at("/1/comment"), {{"comment", "One too many"}});
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.headers.get("X-Error-Message"),
            "Discussion 1 has 10000 events, which is all it may have. Open another one.");
  EXPECT_EQ(client_.post(at("/1/title"), {{"title", "Another"}}).status, 409);
  EXPECT_EQ(client_.get_json(at("/1")).at("title"), "One");
  EXPECT_EQ(events(1).size(), 10000U);
}

TEST_F(DiscussionTest, HoldsSoManyBytesAndNoMore) {
  open(client_, "One");
  const std::string text(65536, 'x');
  int status = 200;
  int made = 0;
  while (status == 200 && made < 200) {
    status = client_.post(at("/1/comment"), {{"comment", text}}).status;
    made += status == 200 ? 1 : 0;
  }
  EXPECT_EQ(status, 409);
  EXPECT_EQ(made, 127);
}

TEST_F(DiscussionTest, GoesWithItsRepository) {
  open(client_, "One");
  EXPECT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  EXPECT_EQ(client_.get(at("/1")).status, 404);
  client_.create_repo("m");
  EXPECT_EQ(client_.get(at("/1")).status, 404);
  EXPECT_EQ(open(client_, "One"), 1);
}

TEST_F(DiscussionTest, NoRepositoryIsCalledDiscussions) {
  EXPECT_EQ(client_.post("/api/repos/create", {{"name", "discussions"}}).status, 400);
}

}  // namespace
}  // namespace torchhub::testing
