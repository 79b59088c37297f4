#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class CommitLimitsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMaxBody = 60'000'000;

  void SetUp() override { client_.create_repo("m"); }
  /// No more may be there than before.
  void TearDown() override {
    EXPECT_EQ(client_.get_json("/api/models/demo/m").at("siblings").size(), files_);
  }

  Response commit(const std::string& lines) const { return client_.commit("demo/m", lines); }
  std::string message(const Response& response) const {
    return response.headers.get("X-Error-Message").value_or("");
  }
  std::string head(const std::string& more) const {
    return "POST /api/models/demo/m/commit/main HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
           hub_.token() + "\r\n" + more + "\r\n";
  }

  LocalHub hub_{{.server = {.durability = Durability::relaxed, .max_commit_bytes = kMaxBody}}};
  HubClient client_{hub_};
  std::size_t files_ = 1;
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST_F(CommitLimitsTest, Takes25000Operations) {
  const std::string deletion = to_ndjson(CommitDeletedFileLine{"a"});
  const Response most = commit(repeated(deletion, 25'000));
  EXPECT_EQ(most.status, 404) << "there is no 'a', which is looked for once all lines are there";
  const std::string wanted = "A commit may have 25,000 operations. Split it into several commits.";
  const Response more = commit(repeated(deletion, 25'001));
  EXPECT_EQ(more.status, 413);
  EXPECT_EQ(message(more), wanted);
  const Response million = commit(repeated(deletion, 1'000'000));
  EXPECT_EQ(million.status, 413);
  EXPECT_EQ(message(million), wanted);
}

TEST_F(CommitLimitsTest, SkipsAMillionBlankLines) {
  const std::string blank = repeated("\n \t\r\n", 500'000);
  const Response response = commit(blank + to_ndjson(CommitFileLine{"a.txt", "1"}) + blank);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").body, "1");
  files_ = 2;
}

TEST_F(CommitLimitsTest, RefusesADescriptionOfMoreThan64KiB) {
  const auto described = [this](std::size_t bytes) {
    return client_.send(
        "POST", "/api/models/demo/m/commit/main",
        to_ndjson(CommitHeaderLine{.summary = "s", .description = std::string(bytes, 'd')}) +
            to_ndjson(CommitFileLine{"a.txt", "1"}));
  };
  const Response refused = described(65'537);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(message(refused), "'description' has 65537 bytes; it may have 65536.");
  EXPECT_EQ(described(65'536).status, 200);
  files_ = 2;
}

TEST_F(CommitLimitsTest, RefusesALineOfMoreThan28MiB) {
  const std::string start = R"({"key": "file", "value": {"path": "a", "content": ")";
  for (const bool ended : {true, false}) {
    SCOPED_TRACE(ended ? "with an end" : "without");
    const Response response =
        commit(start + std::string(std::size_t{29} << 20, 'x') + (ended ? "\"}}\n" : ""));
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(message(response), "A line of the commit is over 28 MiB. Send the file by LFS.");
  }
}

TEST_F(CommitLimitsTest, RefusesABodyThatIsAnnouncedTooLargeBeforeItComes) {
  const auto answer_to = [&](std::size_t length) {
    RawConnection connection(hub_.base_url());
    connection.send(
        head("Content-Length: " + std::to_string(length) + "\r\nExpect: 100-continue\r\n"));
    return connection.read_answer();
  };
  EXPECT_EQ(answer_to(kMaxBody).status, "100 Continue");
  const RawConnection::Answer answer = answer_to(kMaxBody + 1);
  EXPECT_EQ(answer.status.substr(0, 3), "413");
  EXPECT_EQ(json::parse(answer.body).at("error"),
            "A commit's body may have 60000000 bytes. Split it into several commits, or send large "
            "files by LFS.");
}

TEST_F(CommitLimitsTest, RefusesABodyThatTurnsOutTooLarge) {
  RawConnection connection(hub_.base_url());
  connection.send(head("Transfer-Encoding: chunked\r\n"));
  const std::string chunk = "f4240\r\n" + std::string(1'000'000, '\n') + "\r\n";
  for (std::size_t sent = 0; sent <= kMaxBody && connection.send(chunk); sent += 1'000'000) {
  }
  connection.send("0\r\n\r\n");
  EXPECT_EQ(connection.read_answer().status.substr(0, 3), "413");
}

}  // namespace
}  // namespace torchhub::testing
