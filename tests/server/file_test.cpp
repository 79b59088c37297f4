#include "server/hub_client.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string header(const Response& response, std::string_view name) {
  return response.headers.get(name).value_or("(none)");
}

/// A repository with a small file, an empty one and one in LFS.
class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    object_.resize(300'000);
    for (std::size_t i = 0; i < object_.size(); ++i) object_[i] = static_cast<char>(i * 7 % 251);
    const std::string oid = client_.upload("demo/m", object_);
    const Response response = client_.commit(
        "demo/m", to_ndjson(CommitFileLine{"sub/a.json", "0123456789"}) +
                      to_ndjson(CommitFileLine{"empty.txt", ""}) +
                      to_ndjson(CommitLfsFileLine{"model.bin", oid, object_.size()}));
    ASSERT_EQ(response.status, 200) << response.body;
    commit_ = json::parse(response.body).at("commitOid");
  }

  Response get(const std::string& path, Headers headers = {}) const {
    return client_.get("/demo/m/resolve/" + path, std::move(headers));
  }

  LocalHub hub_;
  HubClient client_{hub_};
  std::string object_;
  std::string commit_;
};

TEST_F(FileTest, TellsASmallFileByHead) {
  const Response response = client_.head("/demo/m/resolve/main/sub/a.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "Content-Length"), "10");
  EXPECT_EQ(header(response, "ETag"), "\"" + git_blob_id("0123456789") + "\"");
  EXPECT_EQ(header(response, "X-Repo-Commit"), commit_);
  EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(response, "X-Linked-Size"), "(none)");
  EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(header(response, "Content-Disposition"),
            "inline; filename*=UTF-8''a.json; filename=\"a.json\"");
  EXPECT_EQ(header(response, "Cache-Control"), "private, no-cache");
  EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
}

TEST_F(FileTest, AnnouncesNoJsonInARefusalToHead) {
  for (const char* path : {"/demo/m/resolve/main/none", "/demo/none/resolve/main/a.txt"}) {
    const Response response = client_.head(path);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8") << path;
    EXPECT_EQ(header(client_.get(path), "Content-Type"), "application/json; charset=utf-8") << path;
  }
}

TEST_F(FileTest, TellsAnLfsFileByHead) {
  const std::string oid = sha256_hex(object_);
  const Response response = client_.head("/demo/m/resolve/" + commit_ + "/model.bin");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "Content-Length"), "300000");
  EXPECT_EQ(header(response, "ETag"), "\"" + oid + "\"");
  EXPECT_EQ(header(response, "X-Linked-ETag"), "\"" + oid + "\"");
  EXPECT_EQ(header(response, "X-Linked-Size"), "300000");
  EXPECT_EQ(header(response, "X-Repo-Commit"), commit_);
  EXPECT_EQ(header(response, "Cache-Control"), "private, max-age=31536000, immutable");
}

TEST_F(FileTest, SendsTheBytes) {
  EXPECT_EQ(get("main/sub/a.json").body, "0123456789");
  EXPECT_EQ(get("main/sub%2Fa.json").body, "0123456789");
  EXPECT_EQ(get("main/model.bin").body, object_);
  EXPECT_EQ(get("main/empty.txt").body, "");
  EXPECT_EQ(get("main/empty.txt").status, 200);
}

TEST_F(FileTest, SendsRanges) {
  struct Case {
    std::string range;
    int status;
    std::string content_range;
    std::string body;
  };
  const std::vector<Case> cases = {
      {"bytes=0-0", 206, "bytes 0-0/10", "0"},
      {"bytes=2-4", 206, "bytes 2-4/10", "234"},
      {"bytes=7-", 206, "bytes 7-9/10", "789"},
      {"bytes=7-100", 206, "bytes 7-9/10", "789"},
      {"bytes=-3", 206, "bytes 7-9/10", "789"},
      {"bytes=-30", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=10-", 416, "bytes */10", ""},
      {"bytes=-0", 416, "bytes */10", ""},
      {"bytes=5-4", 200, "(none)", "0123456789"},
      {"bytes=0-1,4-5", 200, "(none)", "0123456789"},
      {"lines=0-1", 200, "(none)", "0123456789"},
      {"bytes=99999999999999999999-", 200, "(none)", "0123456789"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.range);
    const Response response = get("main/sub/a.json", {{"Range", c.range}});
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(header(response, "Content-Range"), c.content_range);
    if (c.status != 416) {
      EXPECT_EQ(response.body, c.body);
    }
  }
}

TEST_F(FileTest, SendsRangesOfLfsObjects) {
  EXPECT_EQ(get("main/model.bin", {{"Range", "bytes=1000-1999"}}).body, object_.substr(1000, 1000));
  EXPECT_EQ(get("main/model.bin", {{"Range", "bytes=-17"}}).body,
            object_.substr(object_.size() - 17));
  const Response head = client_.head("/demo/m/resolve/main/model.bin", {{"Range", "bytes=5-6"}});
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(header(head, "Content-Length"), "2");
}

TEST_F(FileTest, AnswersTheFirstByteOfAnEmptyFileAsTheJavaScriptClientNeeds) {
  const Response response = get("main/empty.txt", {{"Range", "bytes=0-0"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "Content-Range"), "bytes */0");
  EXPECT_EQ(header(response, "Content-Length"), "0");
}

TEST_F(FileTest, KnowsConditions) {
  const std::string etag = "\"" + git_blob_id("0123456789") + "\"";
  const Response same = get("main/sub/a.json", {{"If-None-Match", etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(header(same, "ETag"), etag);
  EXPECT_EQ(header(same, "X-Repo-Commit"), commit_);
  EXPECT_EQ(get("main/sub/a.json", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(get("main/sub/a.json", {{"If-Match", "\"other\""}}).status, 412);
  EXPECT_EQ(get("main/sub/a.json", {{"If-Range", "\"other\""}, {"Range", "bytes=0-1"}}).body,
            "0123456789");
  EXPECT_EQ(get("main/sub/a.json", {{"If-Range", etag}, {"Range", "bytes=0-1"}}).body, "01");
}

TEST_F(FileTest, TakesEveryFormOfARevision) {
  client_.post("/api/models/demo/m/tag/main", {{"tag", "v1.0"}, {"message", "annotated"}});
  for (const std::string& revision :
       {std::string("main"), std::string("HEAD"), commit_, commit_.substr(0, 7),
        std::string("refs/heads/main"), std::string("refs%2Fheads%2Fmain"), std::string("v1.0"),
        std::string("refs%2Ftags%2Fv1.0")}) {
    const Response response = get(revision + "/sub/a.json");
    EXPECT_EQ(response.status, 200) << revision;
    EXPECT_EQ(header(response, "X-Repo-Commit"), commit_) << revision;
  }
}

TEST_F(FileTest, ReadsNoExpressionsAsRevisions) {
  for (const std::string& revision :
       {std::string("HEAD~1"), std::string("main%5E"), std::string("main:sub"),
        std::string("%40%7B-1%7D"), std::string("--output=x"), commit_.substr(0, 6),
        std::string("nowhere"), std::string(40, '0')}) {
    const Response response = get(revision + "/sub/a.json");
    EXPECT_EQ(response.status, 404) << revision;
    EXPECT_EQ(header(response, "X-Error-Code"), "RevisionNotFound") << revision;
  }
}

TEST_F(FileTest, SaysWhichCommitAMissingFileIsMissingFrom) {
  for (const char* path : {"main/missing.txt", "main/sub", "main/sub/a.json/x", "main/"}) {
    const Response response = get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(header(response, "X-Error-Code"), "EntryNotFound") << path;
    EXPECT_EQ(header(response, "X-Repo-Commit"), commit_) << path;
  }
}

TEST_F(FileTest, FollowsNoPathTricks) {
  // Sent as they stand: a client would tidy them away.
  for (const char* path : {"main/%2e%2e/%2e%2e/hub.db", "main/sub%2F..%2F..%2Fhub.db",
                           "main//sub/a.json", "main/.git/config", "main/%2e%2e%2fFORMAT"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("main/a%00b").status, 400);
  EXPECT_EQ(get("main/a%zz").status, 400);
  EXPECT_EQ(get("main/a%c0%af").status, 400);
  EXPECT_EQ(client_.get("/demo%2Fm/resolve/main/empty.txt").status, 404);
}

TEST_F(FileTest, GivesPointersAsRawFiles) {
  const Response response = client_.get("/demo/m/raw/main/model.bin");
  const LfsPointer pointer{sha256_hex(object_), object_.size()};
  EXPECT_EQ(response.body, pointer.text());
  EXPECT_EQ(header(response, "ETag"), "\"" + git_blob_id(pointer.text()) + "\"");
}

TEST_F(FileTest, SendsToTheTrueNameOfARepository) {
  const Response response = client_.get("/DEMO/M/resolve/main/sub/a.json?download=true");
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(header(response, "Location"), "/demo/m/resolve/main/sub/a.json?download=true");
}

TEST_F(FileTest, KnowsTheTrueNameOfAnOwnerCalledAsTheRoute) {
  HubClient owner(hub_.base_url(), hub_.create_user("Resolve"));
  owner.create_repo("m");
  owner.create_repo("d", {{"type", "dataset"}});
  const Response model = owner.get("/resolve/m/resolve/main/.gitattributes");
  EXPECT_EQ(header(model, "Location"), "/Resolve/m/resolve/main/.gitattributes");
  const Response dataset = owner.get("/datasets/resolve/d/resolve/main/.gitattributes");
  EXPECT_EQ(header(dataset, "Location"), "/datasets/Resolve/d/resolve/main/.gitattributes");
}

TEST_F(FileTest, NeverLetsABrowserRunAFile) {
  client_.commit_file("demo/m", "x.html", "<script>alert(1)</script>");
  client_.commit_file("demo/m", "x.svg", "<svg onload='alert(1)'/>");
  for (const char* path : {"main/x.html", "main/x.svg"}) {
    const Response response = get(path);
    EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(header(response, "Content-Security-Policy"), "sandbox; default-src 'none'");
  }
}

TEST_F(FileTest, NamesOddFilesInTheDisposition) {
  client_.commit_file("demo/m", "a \"b\" ü#?.txt", "odd");
  const Response response = get("main/a%20%22b%22%20%C3%BC%23%3F.txt?download=true");
  EXPECT_EQ(response.body, "odd");
  EXPECT_EQ(header(response, "Content-Disposition"),
            "attachment; filename*=UTF-8''a%20%22b%22%20%C3%BC%23%3F.txt; "
            "filename=\"a _b_ __#?.txt\"");
}

TEST_F(FileTest, ServesDatasetsUnderTheirPrefix) {
  client_.create_repo("d", {{"type", "dataset"}});
  const Response response = client_.get("/datasets/demo/d/resolve/main/.gitattributes");
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("*.mp4 filter=lfs"), std::string::npos);
  EXPECT_EQ(client_.get("/demo/d/resolve/main/.gitattributes").status, 404);
}

}  // namespace
}  // namespace torchhub::testing
