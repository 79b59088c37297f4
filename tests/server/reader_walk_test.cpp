#include "server/hub_client.h"
#include "server/route_walk.h"
#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// Whoever may read a repository may propose changes to it, ask for access, like it and talk about
/// it: every route is asked to do more than that.
namespace torchhub::testing {
namespace {

using nlohmann::json;

class ReaderWalk : public ::testing::Test {
 protected:
  ReaderWalk() {
    demo_.create_repo("open");
    demo_.commit_file("demo/open", "a.txt", "1");
    demo_.post("/api/models/demo/open/branch/side", json::object());
    demo_.post("/api/models/demo/open/tag/main", {{"tag", "v1"}});
    const std::string object = demo_.upload("demo/open", "an object");
    demo_.commit("demo/open", to_ndjson(CommitLfsFileLine{"b.bin", {object, 9}}));
    demo_.send("POST", "/api/models/demo/open/commit/main?create_pr=1",
               to_ndjson(CommitHeaderLine{"a request of the owner's"}) +
                   to_ndjson(CommitFileLine{"c.txt", "1"}));
    demo_.post("/demo/open.git/info/lfs/locks", {{"path", "a.txt"}});
  }

  /// All that only writers may change.
  json state() const {
    const std::string api = "/api/models/demo/open";
    json refs = demo_.get_json(api + "/refs?include_prs=1");
    json requests = json::array();
    for (const json& ref : refs.at("pullRequests")) {
      if (ref.at("name") == "refs/pr/1") requests.push_back(ref);
    }
    refs["pullRequests"] = requests;
    json info = demo_.get_json(api);
    for (const char* others : {"likes", "downloads", "lastModified"}) info.erase(others);
    json request = demo_.get_json(api + "/discussions/1");
    return {{"refs", refs},
            {"info", info},
            {"title", request.at("title")},
            {"status", request.at("status")},
            {"objects", demo_.get_json(api + "/lfs-files")},
            {"locks", demo_.get_json("/demo/open.git/info/lfs/locks").at("locks")},
            {"mine", demo_.get_json("/api/models?author=demo").size()}};
  }

  /// @return 0 where the connection ends: git does so with what is no request of its
  int answer_to_eve(const std::string& method, const std::string& target,
                    const std::string& body) const {
    try {
      return eve_.send(method, target, body, {{"Content-Type", "application/json"}}).status;
    } catch (const ConnectionError&) {
      return 0;
    }
  }

  LocalHub hub_;
  HubClient demo_{hub_};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
};

/// What some route takes for a wish; none takes offence at fields of others.
std::vector<std::string> bodies() {
  const json wishes{{"tag", "v2"},
                    {"message", "all of it"},
                    {"startingPoint", "HEAD"},
                    {"overwrite", true},
                    {"private", true},
                    {"gated", "auto"},
                    {"visibility", "private"},
                    {"title", "another title"},
                    {"status", "closed"},
                    {"comment", "words"},
                    {"path", "a.txt"},
                    {"force", true},
                    {"fromRepo", "demo/open"},
                    {"toRepo", "eve/open"},
                    {"type", "model"},
                    {"name", "open"},
                    {"organization", "demo"},
                    {"user", "eve"}};
  const std::string commit =
      to_ndjson(CommitHeaderLine{"a change"}) + to_ndjson(CommitFileLine{"a.txt", "2"});
  return {"", "{}", wishes.dump(), commit};
}

TEST_F(ReaderWalk, ChangesNothingOnAnyRoute) {
  const json before = state();
  std::size_t taken = 0;
  for (const std::string revision : {"main", "side", "refs%2Fpr%2F1"}) {
    for (const RouteExample& route : every_route("demo/open", revision)) {
      if (route.method == "GET" || is_open_route(route)) continue;
      for (const char* query : {"", "?create_pr=1", "?force=true"}) {
        for (const std::string& body : bodies()) {
          const int status = answer_to_eve(route.method, route.path + query, body);
          taken += status / 100 == 2 ? 1U : 0U;
          ASSERT_TRUE(status < 500 || status == 501) << route.method << " " << route.path << status;
        }
      }
      ASSERT_EQ(state(), before) << route.method << " " << route.path;
    }
  }
  EXPECT_GT(taken, 10U) << "the wishes are no longer understood by any route";
}

}  // namespace
}  // namespace torchhub::testing
