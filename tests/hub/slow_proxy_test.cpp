#include "support/slow_proxy.h"

#include "hub/local_client.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>

namespace torchhub {
namespace {

using std::chrono::milliseconds;
using testing::FakeClock;
using testing::HubAndClient;
using testing::repo;
using testing::SlowProxy;

/// A hub that clients reach through a proxy only, whose waits pass at once.
struct SlowProxyTest : ::testing::Test {
  HubAndClient there;
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
  SlowProxy proxy{there.hub().base_url(), 1'000'000, clock};
  HubClient beside = there.client();
  Repo model = repo("demo/model");

  void SetUp() override {
    there.hub().serve_behind(proxy.url());
    beside.create_repo(model);
  }

  CommitInfo upload(const std::string& weights) {
    HubOptions options = there.options();
    options.endpoint = proxy.url();
    return HubClient(options).create_commit(
        model, {CommitOperationAdd::from_bytes("model.safetensors", weights)},
        {.commit_message = "weights"});
  }

  std::string digest_there() {
    for (const RepoTreeEntry& entry : beside.list_repo_tree(model)) {
      if (entry.path == "model.safetensors") return entry.lfs_sha256;
    }
    return "(missing)";
  }

  milliseconds slept() const {
    const auto sleeps = clock->sleeps();
    return std::accumulate(sleeps.begin(), sleeps.end(), milliseconds(0));
  }
};

TEST_F(SlowProxyTest, CarriesACommitAndItsUploads) {
  const std::string weights(300'000, 'w');
  const CommitInfo info = upload(weights);
  EXPECT_EQ(info.commit_url, proxy.url() + "/demo/model/commit/" + info.oid);
  EXPECT_GE(proxy.bytes_up(), weights.size());
  EXPECT_EQ(beside.repo_info(model).sha, info.oid);
  EXPECT_EQ(digest_there(), sha256_hex(weights));
}

TEST_F(SlowProxyTest, TakesTheTimeThatItsRateAsksFor) {
  milliseconds before{0};
  std::uint64_t up_before = 0;
  std::uint64_t down_before = 0;
  for (const std::uint64_t rate : {1'000'000, 100'000}) {
    SCOPED_TRACE(rate);
    proxy.set_rate(rate);
    upload(std::string(300'000, rate == 100'000 ? 'a' : 'b'));
    const auto milliseconds_of = [rate](std::uint64_t bytes) {
      return milliseconds(static_cast<std::int64_t>(1000 * bytes / rate));
    };
    const auto took = slept() - before;
    const std::uint64_t up = proxy.bytes_up() - up_before;
    const std::uint64_t down = proxy.bytes_down() - down_before;
    EXPECT_GE(took, milliseconds_of(up) - milliseconds(100)) << "each message may round down";
    EXPECT_LE(took, milliseconds_of(up + down));
    before = slept();
    up_before = proxy.bytes_up();
    down_before = proxy.bytes_down();
  }
}

TEST_F(SlowProxyTest, FailsAnUploadWhenCutInItsMiddleAndCarriesTheNextWhenOpen) {
  const std::string weights(300'000, 'w');
  proxy.cut_after(150'000);
  EXPECT_THROW(upload(weights), ConnectionError);
  EXPECT_GE(proxy.bytes_up(), 150'000U);
  EXPECT_LT(proxy.bytes_up(), 300'000U) << "no try after the cut got through";
  EXPECT_EQ(beside.list_repo_commits(model).size(), 1U) << "the initial one";

  EXPECT_THROW(upload(weights), ConnectionError) << "still cut";
  proxy.open();
  const CommitInfo info = upload(weights);
  EXPECT_EQ(info.oid, beside.repo_info(model).sha);
}

}  // namespace
}  // namespace torchhub
