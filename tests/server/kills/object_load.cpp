#include "server/kills/load.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string object(int turn) {
  constexpr std::size_t kStep = 50'000;
  return bytes_of_turn("object-", turn, (2 + static_cast<std::size_t>(turn) % 7) * kStep);
}

std::string path_of(int turn) { return numbered("model-", turn) + ".bin"; }

/// Uploads objects by LFS and commits pointers to them.
class ObjectLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    for (const int turn : uploaded_.seen_by(look)) {
      const std::string bytes = object(turn);
      const json entry = client.batch("demo/objects", "download", sha256_hex(bytes), bytes.size());
      ASSERT_TRUE(entry.contains("actions")) << "lost: " << turn;
    }
    for (const int turn : committed_.seen_by(look)) {
      const Response file = client.get("/demo/objects/resolve/main/" + path_of(turn));
      EXPECT_TRUE(file.body == object(turn)) << path_of(turn);
    }
    // Whatever the branch names can be had: a pointer never comes before its object.
    const Response last = client.head("/demo/objects/resolve/main/" + path_of(last_));
    EXPECT_TRUE(last.status == 200 || last.status == 404) << last.status;
  }

 private:
  void work(const HubClient& client, int turn) override {
    last_ = turn;
    const std::string bytes = object(turn);
    const std::string oid = client.upload("demo/objects", bytes);
    uploaded_.add(turn);
    const Response response = client.commit(
        "demo/objects", to_ndjson(CommitLfsFileLine{path_of(turn), oid, bytes.size()}));
    ASSERT_EQ(response.status, 200) << response.body;
    committed_.add(turn);
  }

  Answered<int> uploaded_ = {};
  Answered<int> committed_ = {};
  int last_ = 0;
};

}  // namespace

std::unique_ptr<KillLoad> make_object_load() { return std::make_unique<ObjectLoad>(); }

}  // namespace torchhub::testing
