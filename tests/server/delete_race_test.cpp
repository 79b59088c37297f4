#include "server/admin/admin_hub.h"
#include "server/data_layout.h"
#include "server/fault_gate.h"
#include "server/hub_client.h"
#include "server/repos/repo_label.h"
#include "server/sound_data.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/server/repositories.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

const Repo kModel{{"demo", "m"}};

/// @return whether `holds` came to hold within `time`
template <typename Holds>
bool comes_true(milliseconds time, Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

struct Case {
  const char* name;
  const char* place;  ///< Where the commit is held up.
  bool by_admin;      ///< Deleted by another program, not over HTTP.
};

class DeleteRaceTest : public ::testing::TestWithParam<Case> {
 protected:
  LocalHubOptions options() const {
    return {.server = {.durability = Durability::relaxed,
                       .test_mode = true,
                       .fault_point = gate_.setting()}};
  }
  void remove() const {
    if (GetParam().by_admin) {
      RepositoryAdmin(hub_.data_dir(), Durability::relaxed).remove(kModel);
    } else {
      EXPECT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
    }
  }

  FaultGate gate_{GetParam().place};
  LocalHub hub_{options()};
  HubClient client_{hub_};
};

TEST_P(DeleteRaceTest, WaitsForTheCommitUnderWay) {
  client_.create_repo("m");
  const fs::path place = repositories(hub_.data_dir()).at(0);
  Response committed;
  std::thread writer([&] {
    committed = HubClient(hub_).commit("demo/m", to_ndjson(CommitFileLine{"a.txt", "text"}));
  });
  gate_.wait_for_arrival();
  std::thread remover([&] { remove(); });
  EXPECT_TRUE(comes_true(std::chrono::minutes(1), [&] {
    return client_.get("/api/models/demo/m").status == 404;
  })) << "it is gone for everybody at once";
  // One that does not wait has the time to show it.
  EXPECT_FALSE(comes_true(milliseconds(300), [&] { return !fs::exists(place); }));
  gate_.open();
  writer.join();
  remover.join();
  EXPECT_EQ(committed.status, 200) << committed.body;
  EXPECT_FALSE(fs::exists(place));
  expect_clean(hub_.data_dir());
  RepositoryAdmin(hub_.data_dir(), Durability::relaxed).restore(kModel);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").body, "text");
  client_.commit_file("demo/m", "b.txt", "after");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/b.txt").body, "after");
  expect_clean(hub_.data_dir());
}

INSTANTIATE_TEST_SUITE_P(Cases, DeleteRaceTest,
                         ::testing::Values(Case{"Http", "commit.objects_written", false},
                                           Case{"HttpWithTheRefLocked", "commit.objects_durable",
                                                false},
                                           Case{"Admin", "commit.objects_written", true}),
                         [](const auto& test) { return test.param.name; });

TEST(DeletedRepository, ComesBackWithoutALockOfAWriterThatWasKilled) {
  const LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  write_file_atomically(repositories(hub.data_dir()).at(0) / "refs" / "heads" / "main.lock", "");
  RepositoryAdmin admin(hub.data_dir(), Durability::relaxed);
  admin.remove(kModel);
  admin.restore(kModel);
  client.commit_file("demo/m", "a.txt", "after");
  EXPECT_EQ(client.get("/demo/m/resolve/main/a.txt").body, "after");
}

TEST(DeletedRepository, IsNotLabelledWhereItWas) {
  const LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  const std::string id = client.get_json("/api/models/demo/m").at("_id");
  const fs::path place = repositories(hub.data_dir()).at(0);
  server::AdminHub admin(hub.data_dir(), Durability::relaxed, system_clock());
  RepositoryAdmin(hub.data_dir(), Durability::relaxed).remove(kModel);
  // As a change of its settings does that was answered meanwhile.
  server::refresh_label(admin.database, admin.folder, id);
  EXPECT_FALSE(fs::exists(place));
}

}  // namespace
}  // namespace torchhub::testing
