#include "server/hub_client.h"
#include "server/put_line.h"

#include <gtest/gtest.h>

#include <barrier>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class CommitRaceTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  std::string head() const {
    return client_.get_json("/api/models/demo/m").at("sha").get<std::string>();
  }
  std::string content(const std::string& path) const {
    return client_.get("/demo/m/resolve/main/" + path).body;
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(CommitRaceTest, OfWritersOnOneParentOneLands) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    const std::string parent = head();
    const auto path = [&](std::size_t writer) {
      return "round" + std::to_string(round) + "/" + std::to_string(writer);
    };
    std::vector<Response> answers(kWriters);
    std::barrier start(kWriters);
    std::vector<std::thread> writers;
    for (std::size_t i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        const HubClient own(hub_);
        start.arrive_and_wait();
        answers[i] = own.commit("demo/m", put(path(i), "x"), "main", parent);
      });
    }
    for (std::thread& writer : writers) writer.join();
    std::vector<std::string> landed;
    for (std::size_t i = 0; i < kWriters; ++i) {
      if (answers[i].status == 200) {
        landed.push_back(path(i));
        EXPECT_EQ(json::parse(answers[i].body).at("commitOid"), head());
      } else {
        EXPECT_EQ(answers[i].status, 412) << answers[i].body;
      }
    }
    ASSERT_EQ(landed.size(), 1U);
    for (std::size_t i = 0; i < kWriters; ++i) {
      EXPECT_EQ(content(path(i)) == "x", path(i) == landed[0]) << "of the others nothing is there";
    }
    EXPECT_EQ(client_.get_json("/api/models/demo/m/commits/main").at(1).at("id"), parent);
  }
}

TEST_F(CommitRaceTest, OfWritersThatNameNoParentAllLand) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 8;
  std::barrier start(kWriters);
  std::vector<std::vector<std::string>> made(kWriters);
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      const HubClient own(hub_);
      for (int round = 0; round < kRounds; ++round) {
        start.arrive_and_wait();
        made[i].push_back(
            own.commit_file("demo/m", std::to_string(i) + "/" + std::to_string(round), "x"));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::set<std::string> history;
  for (const json& commit : client_.get_json("/api/models/demo/m/commits/main")) {
    history.insert(commit.at("id"));
  }
  EXPECT_EQ(history.size(), kWriters * kRounds + 1U);
  for (const auto& commits : made) {
    for (const std::string& commit : commits) EXPECT_TRUE(history.contains(commit)) << commit;
  }
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("siblings").size(), kWriters * kRounds + 1U);
}

}  // namespace
}  // namespace torchhub::testing
