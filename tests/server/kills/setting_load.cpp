#include "server/kills/load.h"

#include <gtest/gtest.h>

#include <optional>

namespace torchhub::testing {
namespace {

using nlohmann::json;

json settings_of(int turn) {
  return {{"private", turn % 2 == 1},
          {"gated", turn % 3 == 0 ? json(false) : json("manual")},
          {"description", numbered("as of turn ", turn)}};
}

/// Changes all settings of a repository at once.
class SettingLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look /*look*/) override {
    const json info = client.get_json("/api/models/demo/changing");
    json found = json::object();
    for (const char* name : {"private", "gated", "description"}) {
      found[name] = info.value(name, json());
    }
    if (under_way_ && found == settings_of(*under_way_)) last_ = under_way_;
    under_way_.reset();
    if (!last_) return;
    EXPECT_EQ(found, settings_of(*last_));
  }

 private:
  void work(const HubClient& client, int turn) override {
    under_way_ = turn;
    const Response changed =
        client.send("PUT", "/api/models/demo/changing/settings", settings_of(turn).dump());
    ASSERT_EQ(changed.status, 200) << changed.body;
    last_ = turn;
  }

  std::optional<int> last_ = std::nullopt;
  std::optional<int> under_way_ = std::nullopt;
};

}  // namespace

std::unique_ptr<KillLoad> make_setting_load() { return std::make_unique<SettingLoad>(); }

}  // namespace torchhub::testing
