#include "server/kills/load.h"
#include "server/xet_push.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// Sends files by Xet.
class XetLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    for (const auto& [oid, size] : pushed_.seen_by(look)) {
      const json entry = client.batch("demo/by-xet", "download", oid, size);
      ASSERT_TRUE(entry.contains("actions")) << "lost: " << oid;
    }
  }

  /// A xorb that was taken can be named, whatever came of its shard.
  void finish(const HubClient& client) override {
    if (sent_.files.empty()) return;
    const Response shard = XetPusher(client, "models/demo/by-xet").send_shard(sent_);
    ASSERT_EQ(shard.status, 200) << shard.body;
    sent_ = {};
  }

 private:
  void work(const HubClient& client, int turn) override {
    finish(client);
    constexpr std::size_t kStep = 90'000;
    const std::string bytes =
        bytes_of_turn("by xet ", turn, (2 + static_cast<std::size_t>(turn) % 5) * kStep);
    const XetParts parts = cut_for_xet(bytes);
    const XetPusher push(client, "models/demo/by-xet");
    ASSERT_EQ(push.send_xorb(parts).status, 200);
    sent_.files.push_back(parts.file);
    const Response shard = push.send_shard(parts.shard());
    ASSERT_EQ(shard.status, 200) << shard.body;
    pushed_.add({*parts.file.sha256, bytes.size()});
    sent_ = {};
  }

  Answered<std::pair<std::string, std::size_t>> pushed_ = {};
  xet::Shard sent_ = {};
};

}  // namespace

std::unique_ptr<KillLoad> make_xet_load() { return std::make_unique<XetLoad>(); }

}  // namespace torchhub::testing
