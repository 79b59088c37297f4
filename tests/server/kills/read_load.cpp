#include "server/git_user.h"
#include "server/kills/load.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <optional>

namespace torchhub::testing {
namespace {

/// Reads what the others write: files, parts of files, lists, and now and then a clone.
class ReadLoad final : public KillLoad {
 public:
  void check(const HubClient& client, Look /*look*/) override {
    if (!ana_) ana_.emplace(client.base_url(), client.token());
    ana_->find_at(client.base_url());
  }

 private:
  void work(const HubClient& client, int turn) override {
    constexpr std::array kTargets = {"/api/models?author=demo&full=true",
                                     "/api/models/demo/texts",
                                     "/api/models/demo/texts/tree/main?recursive=true&expand=true",
                                     "/api/models/demo/texts/refs",
                                     "/api/models/demo/texts/commits/main?limit=20",
                                     "/api/models/demo/objects/tree/main",
                                     "/api/models/demo/requests/discussions",
                                     "/demo/original/resolve/main/.gitattributes",
                                     "/demo/original/raw/main/model.bin",
                                     "/demo/original/resolve/main/model.bin",
                                     "/api/whoami-v2",
                                     "/healthz"};
    const std::size_t place = static_cast<std::size_t>(turn) % (2 * kTargets.size());
    const std::string target = kTargets.at(place / 2);
    const std::string method = place % 2 == 0 ? "GET" : "HEAD";
    EXPECT_EQ(client.send(method, target).status, 200) << method << " " << target;
    const Response part =
        client.get("/demo/original/resolve/main/model.bin", {{"Range", "bytes=3-5"}});
    EXPECT_EQ(part.body, "the") << part.status;
    constexpr int kSeldom = 20;
    if (turn % kSeldom == 0) clone(client);
  }

  void clone(const HubClient& client) {
    std::filesystem::remove_all(ana_->place("m"));
    const Finished done = ana_->git({"clone", "-q", "--depth", "1", ana_->url("demo/pushed"), "m"});
    if (done.exit_code == 0) return;
    client.get("/healthz");  // throws if the hub is gone, which would be why
    ADD_FAILURE() << done.errors;
  }

  std::optional<GitUser> ana_ = std::nullopt;
};

}  // namespace

std::unique_ptr<KillLoad> make_read_load() { return std::make_unique<ReadLoad>(); }

}  // namespace torchhub::testing
