#include "server/kills/load.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string parted_object(int turn) {
  constexpr std::size_t kStep = 70'000;
  return bytes_of_turn("in parts ", turn, (3 + static_cast<std::size_t>(turn) % 5) * kStep);
}

/// An upload that has not been answered to its end.
struct Unfinished {
  int turn = 0;
  std::map<std::size_t, std::string> tags = {};  ///< Of the parts that were.
};

/// Uploads objects in parts and goes on with those that a kill cut off: parts that were answered
/// are not sent again.
class PartLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    for (const int turn : uploaded_.seen_by(look)) {
      const std::string bytes = parted_object(turn);
      const json entry = client.batch("demo/parts", "download", sha256_hex(bytes), bytes.size());
      ASSERT_TRUE(entry.contains("actions")) << "lost: " << turn;
      const std::string link = entry.at("actions").at("download").at("href");
      EXPECT_TRUE(client.get(link).body == bytes) << turn;
    }
  }

  void finish(const HubClient& client) override {
    if (unfinished_) go_on(client);
  }

 private:
  void work(const HubClient& client, int turn) override {
    if (!unfinished_) unfinished_.emplace(Unfinished{turn});
    go_on(client);
  }

  void go_on(const HubClient& client) {
    const std::string bytes = parted_object(unfinished_->turn);
    const std::string oid = sha256_hex(bytes);
    const json answer =
        client.batch_answer("demo/parts", "upload", {"basic", "multipart"}, {{oid, bytes.size()}});
    const json entry = answer.at("objects").at(0);
    if (entry.contains("actions")) send(client, bytes, oid, entry.at("actions").at("upload"));
    if (::testing::Test::HasFatalFailure()) return;
    uploaded_.add(unfinished_->turn);
    unfinished_.reset();
  }

  void send(const HubClient& client, const std::string& bytes, const std::string& oid,
            const json& upload) {
    const std::size_t chunk = std::stoul(upload.at("header").at("chunk_size").get<std::string>());
    for (const auto& [key, link] : upload.at("header").items()) {
      if (key == "chunk_size") continue;
      const std::size_t number = std::stoul(key);
      if (unfinished_->tags.contains(number)) continue;
      const Response put =
          client.send("PUT", link.get<std::string>(), bytes.substr((number - 1) * chunk, chunk));
      ASSERT_EQ(put.status, 200) << put.body;
      unfinished_->tags[number] = put.headers.get("ETag").value_or("");
    }
    json parts = json::array();
    for (const auto& [number, tag] : unfinished_->tags) {
      parts.push_back({{"partNumber", number}, {"etag", tag}});
    }
    const Response done = client.send("POST", upload.at("href").get<std::string>(),
                                      json{{"oid", oid}, {"parts", std::move(parts)}}.dump());
    ASSERT_EQ(done.status, 200) << done.body;
  }

  Answered<int> uploaded_ = {};
  std::optional<Unfinished> unfinished_ = std::nullopt;
};

}  // namespace

std::unique_ptr<KillLoad> make_part_load() { return std::make_unique<PartLoad>(); }

}  // namespace torchhub::testing
