#include "server/kills/load.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub::testing {
namespace {

/// Gives one repository a new name again and again.
class MoveLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    const bool moved = client.get("/api/models/" + name(now_ + 1)).status == 200;
    EXPECT_TRUE(!moved || under_way_) << name(now_ + 1);
    if (moved) ++now_;
    under_way_ = false;
    EXPECT_EQ(client.get("/" + name(now_) + "/resolve/main/a.txt").body, "kept") << name(now_);
    // Each name that it has had leads on.
    for (int old = look == Look::at_all ? 0 : std::max(now_ - 1, 0); old < now_; ++old) {
      const Response answer = client.get("/api/models/" + name(old));
      EXPECT_EQ(answer.status, 307) << name(old);
      EXPECT_EQ(answer.headers.get("Location"), "/api/models/" + name(now_)) << name(old);
    }
  }

 private:
  static std::string name(int number) { return numbered("demo/moved-", number); }

  void work(const HubClient& client, int /*turn*/) override {
    under_way_ = true;
    const Response moved =
        client.post("/api/repos/move",
                    {{"fromRepo", name(now_)}, {"toRepo", name(now_ + 1)}, {"type", "model"}});
    ASSERT_EQ(moved.status, 200) << moved.body;
    ++now_;
    under_way_ = false;
  }

  int now_ = 0;
  bool under_way_ = false;
};

}  // namespace

std::unique_ptr<KillLoad> make_move_load() { return std::make_unique<MoveLoad>(); }

}  // namespace torchhub::testing
