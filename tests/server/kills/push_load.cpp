#include "server/git_user.h"
#include "server/kills/load.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

#include <optional>

namespace torchhub::testing {
namespace {

using nlohmann::json;

constexpr const char* kPushed = "demo/pushed";

struct Push {
  std::string commit = {};
  std::string content = {};
  bool with_object = false;

  std::string tag() const { return "v-" + content; }
};

std::string object(const Push& push) { return "object of " + push.content; }

/// Pushes with git: two branches and a new tag at once, every third time a pointer to an LFS object
/// too.
class PushLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look look) override {
    if (!ana_) start(client);
    ana_->find_at(client.base_url());
    const std::string head = head_of(client, "main");
    EXPECT_EQ(head_of(client, "other"), head) << "one half of an atomic push";
    if (next_ && head == next_->commit) note();
    EXPECT_EQ(head, last_);
    for (const Push& push : answered_.seen_by(look)) look_at(client, push);
    if (!next_) return prepare(client);
    EXPECT_EQ(head_of(client, next_->tag()), "") << "one third of an atomic push";
  }

 private:
  static std::string head_of(const HubClient& client, const std::string& revision) {
    const Response info = client.get("/api/models/demo/pushed/revision/" + revision);
    return info.status == 200 ? json::parse(info.body).at("sha").get<std::string>() : "";
  }

  static void look_at(const HubClient& client, const Push& push) {
    const std::string files = "/demo/pushed/resolve/";
    EXPECT_EQ(client.get(files + push.commit + "/a.txt").body, push.content) << push.commit;
    EXPECT_EQ(head_of(client, push.tag()), push.commit);
    if (!push.with_object) return;
    EXPECT_EQ(client.get(files + push.tag() + "/" + push.content + ".bin").body, object(push));
  }

  void start(const HubClient& client) {
    ASSERT_EQ(client.send("POST", "/api/models/demo/pushed/branch/other", "{}").status, 200);
    ana_.emplace(client.base_url(), client.token());
    ana_->clone(kPushed, "m");
    last_ = head_of(client, "main");
  }

  /// The commit to push next: made before the hub is killed, so that the push itself is.
  void prepare(const HubClient& client) {
    Push push{.content = numbered("content-", prepared_), .with_object = prepared_ % 3 == 0};
    if (push.with_object) {
      const std::string oid = client.upload(kPushed, object(push));
      ana_->commit("m", push.content + ".bin", LfsPointer{oid, object(push).size()}.text());
    }
    push.commit = ana_->commit("m", "a.txt", push.content);
    ++prepared_;
    next_ = std::move(push);
  }

  void work(const HubClient& client, int /*turn*/) override {
    if (!next_) prepare(client);
    const Finished done =
        ana_->in("m", {"push", "-q", "--atomic", ana_->url(kPushed), "HEAD:refs/heads/main",
                       "HEAD:refs/heads/other", "HEAD:refs/tags/" + next_->tag()});
    if (done.exit_code == 0) return note();
    client.get("/healthz");  // throws if the hub is gone, which would be why
    FAIL() << done.errors;
  }

  /// The hub has what comes next.
  void note() {
    last_ = next_->commit;
    answered_.add(*next_);
    next_.reset();
  }

  std::optional<GitUser> ana_ = std::nullopt;
  std::string last_ = {};
  std::optional<Push> next_ = std::nullopt;
  int prepared_ = 0;
  Answered<Push> answered_ = {};
};

}  // namespace

std::unique_ptr<KillLoad> make_push_load() { return std::make_unique<PushLoad>(); }

}  // namespace torchhub::testing
