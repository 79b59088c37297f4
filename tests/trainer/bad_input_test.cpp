#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <regex>
#include <sys/mount.h>
#include <unistd.h>
#include <vector>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::LocalHub;
using testing::message_of;
using testing::SmallDisk;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

TrainerOptions four_updates(const fs::path& output_dir) {
  return {.model = tiny_model(),
          .args = {.output_dir = output_dir, .max_steps = 4, .disable_tqdm = true, .save_steps = 2},
          .train_dataset = tiny_dataset(16)};
}

/// The ids of requests and the names of temporaries, which are random, read R.
std::string without_random_parts(const std::string& message) {
  return std::regex_replace(std::regex_replace(message, std::regex("request [^)]*"), "request R"),
                            std::regex("(\\.tmp-(checkpoint-4-)?)[0-9a-f]+"), "$1R");
}

/// What a run says that cannot go on from `source`.
template <typename Exception>
std::string resume_message(Trainer& trainer, const std::string& source) {
  return without_random_parts(
      message_of<Exception>([&] { trainer.train({.resume_from_checkpoint = source}); }));
}

TEST(BadInput, NamesEveryArgumentThatIsWrongBeforeAnythingHappens) {
  const TempDir folder;
  TrainerOptions bad = four_updates(folder / "out");
  bad.args.save_steps = 0;
  bad.args.eval_strategy = IntervalStrategy::epoch;
  try {
    Trainer trainer(bad);
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(
        error.what(),
        "This Trainer cannot be made:\n"
        "  - save_steps is 0; it must be above 0: a number of updates, or a fraction of "
        "all below 1.\n"
        "  - eval_strategy is epoch, but there is no eval_dataset or eval_stream; set one or use "
        "eval_strategy no.");
  }
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(BadInput, NamesAnOutputFolderThatIsAFile) {
  const TempDir folder;
  write_file_atomically(folder / "out", "a file");
  try {
    Trainer trainer(four_updates(folder / "out"));
    FAIL() << "nothing was thrown";
  } catch (const FileError& error) {
    EXPECT_EQ(std::string(error.what()),
              "'" + (folder / "out").string() +
                  "' is a file where a folder is needed. Move it away or choose another folder.");
  }
  EXPECT_EQ(read_file(folder / "out"), "a file");
}

TEST(BadInput, NamesACheckpointFolderThatIsNotThere) {
  const TempDir folder;
  Trainer trainer(four_updates(folder / "out"));
  const std::string out = (folder / "out").string();
  EXPECT_EQ(resume_message<CheckpointError>(trainer, out + "/checkpoint-2"),
            "The checkpoint folder '" + out +
                "/checkpoint-2' does not exist. Check the path, or resume from 'last', the newest "
                "complete checkpoint in '" +
                out + "'.");
  EXPECT_EQ(resume_message<CheckpointError>(trainer, "last"),
            "There is no complete checkpoint in '" + out +
                "' to resume from. Train from the start, or name a "
                "checkpoint.");
}

class BadHub : public ::testing::Test {
 protected:
  TrainerOptions pushing(std::optional<std::string> token) {
    TrainerOptions o = four_updates(folder_ / "tiny");
    o.args.push_to_hub = true;
    o.hub = HubOptions{.endpoint = hub_.base_url(),
                       .token = std::move(token),
                       .cache_dir = folder_ / "cache",
                       .retry = {.max_retries = 0}};
    return o;
  }

  /// What a Trainer that cannot be made says.
  template <typename Exception>
  std::string message(std::optional<std::string> token) {
    return without_random_parts(
        message_of<Exception>([&] { Trainer trainer(pushing(std::move(token))); }));
  }

  TempDir folder_;
  LocalHub hub_;
  std::string url_ = hub_.base_url();
};

TEST_F(BadHub, FailsEarlyWithoutAToken) {
  EXPECT_EQ(message<LocalTokenNotFoundError>(std::nullopt),
            "No token for creating repository 'tiny' at " + url_ +
                ". Set HF_TOKEN (or HubOptions::token) to a token with write access.");
}

TEST_F(BadHub, FailsEarlyWithAWrongTokenAndDoesNotShowIt) {
  EXPECT_EQ(message<UnauthorizedError>("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"),
            "The token was refused for creating repository 'tiny' at " + url_ +
                " (401, request R): Invalid credentials in Authorization header. Check HF_TOKEN or "
                "the token file; the token may be mistyped, expired, revoked, or of another Hub.");
}

TEST_F(BadHub, FailsEarlyWithATokenThatMayOnlyRead) {
  EXPECT_EQ(
      message<ForbiddenError>(hub_.read_token()),
      "Not allowed: creating repository 'tiny' at " + url_ +
          " (403, request R): Your token has the role 'read'; this needs a token with the role "
          "'write'. Use a token with write access there (its role must be write). If the name has "
          "an "
          "owner, check that it exists and that the token's owner may make repositories in it.");
}

TEST_F(BadHub, FailsEarlyWhereNoServerListens) {
  hub_.stop();
  EXPECT_EQ(message<ConnectionError>(hub_.token()),
            "creating repository 'tiny': No answer from " + url_ + " to POST " + url_ +
                "/api/repos/create: could not connect. Check the address and that the server is "
                "running.");
}

TEST_F(BadHub, NamesARepositoryARevisionAndACheckpointThatAreNotThere) {
  Trainer trainer(pushing(hub_.token()));
  const HubClient client({.endpoint = url_, .token = hub_.token()});
  const std::string commit = client.repo_info({.id = RepoId::parse("demo/tiny")}).sha;
  EXPECT_EQ(resume_message<RepositoryNotFoundError>(trainer, "demo/nobody"),
            "resuming from 'demo/nobody': Repository 'demo/nobody' (model) not found at " + url_ +
                " (404, request R). Check the spelling; if it is private, check that your token "
                "may read it.");
  EXPECT_EQ(resume_message<RevisionNotFoundError>(trainer, "demo/tiny@nowhere"),
            "resuming from 'demo/tiny@nowhere': Revision 'nowhere' of repository 'demo/tiny' "
            "(model) not found at " +
                url_ + " (404, request R). Check the branch, tag or commit hash.");
  EXPECT_EQ(resume_message<CheckpointError>(trainer, "demo/tiny"),
            "resuming from 'demo/tiny': 'demo/tiny' holds no complete checkpoint at commit " +
                commit +
                ": neither last-checkpoint nor checkpoint-<n>. It was perhaps pushed with "
                "hub_strategy every_save; use checkpoint or all_checkpoints.");
  EXPECT_EQ(resume_message<CheckpointError>(trainer, "demo/tiny@main/checkpoint-7"),
            "resuming from 'demo/tiny@main/checkpoint-7': 'demo/tiny' has no complete checkpoint "
            "'checkpoint-7' at commit " +
                commit +
                ": the folder is missing, lacks trainer_state.json, or was not saved to its end. "
                "Name another checkpoint or revision of the repository.");
}

TEST(DiskFull, WhileSavingIsNamedAndTheCheckpointBeforeStays) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  /// Takes the rest of the disk after the first save.
  class FillDisk final : public TrainerCallback {
   public:
    explicit FillDisk(fs::path file) : file_(std::move(file)) {}
    std::string name() const override { return "FillDisk"; }
    void on_saved(const TrainerEvent&, const SavedCheckpoint&) override {
      std::ofstream(file_) << std::string(1 << 20, 'x');
    }

   private:
    fs::path file_;
  };
  TrainerOptions o = four_updates(disk / "out");
  o.callbacks = {std::make_shared<FillDisk>(disk / "filler")};
  Trainer trainer(o);
  EXPECT_EQ(without_random_parts(message_of<DiskFullError>([&] { trainer.train(); })),
            "Cannot write '" + (disk / "out/.tmp-checkpoint-4-R/config.json").string() +
                "': No space left on device. Free some space or choose another folder; nothing "
                "half-written was kept.");
  EXPECT_EQ(complete_checkpoints(disk / "out"), (std::vector<std::int64_t>{2}));
  for (const auto& entry : fs::directory_iterator(disk / "out")) {
    EXPECT_EQ(entry.path().filename(), "checkpoint-2") << "left behind";
  }
  fs::remove(disk / "filler");
  Trainer again(four_updates(disk / "out"));
  EXPECT_EQ(again.train({.resume_from_checkpoint = "last"}).global_step, 4);
}

/// Of the first checkpoint that is saved, makes the file that says it is whole one that cannot be
/// deleted until it is let go of: something is mounted there.
class HoldState final : public TrainerCallback {
 public:
  HoldState() = default;
  HoldState(const HoldState&) = delete;
  HoldState& operator=(const HoldState&) = delete;
  ~HoldState() override { let_go(); }
  std::string name() const override { return "HoldState"; }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& checkpoint) override {
    const fs::path file = checkpoint.folder / "trainer_state.json";
    if (holds() || ::mount(file.c_str(), file.c_str(), nullptr, MS_BIND, nullptr) != 0) return;
    descriptor_ = ::open(file.c_str(), O_PATH | O_CLOEXEC);
  }
  bool holds() const { return descriptor_ >= 0; }
  void let_go() {
    if (!holds()) return;
    // By the descriptor: the folder may have another name by now.
    ::umount2(("/proc/self/fd/" + std::to_string(descriptor_)).c_str(), MNT_DETACH);
    ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_ = -1;
};

/// The names of what lies in `folder` besides checkpoints.
std::vector<std::string> unfinished(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!checkpoint_step(entry.path())) names.push_back(entry.path().filename().string());
  }
  return names;
}

// It began with what marks a checkpoint as whole: a run killed after that left the rest for ever.
TEST(Rotation, LeavesWhatItCannotDeleteToTheNextRun) {
  const TempDir folder;
  const auto hold = std::make_shared<HoldState>();
  TrainerOptions o = four_updates(folder / "out");
  o.args.save_total_limit = 1;
  o.callbacks = {hold};
  Trainer(o).train();
  if (!hold->holds()) GTEST_SKIP() << "mounting needs root";
  EXPECT_EQ(complete_checkpoints(folder / "out"), std::vector<std::int64_t>{4});
  EXPECT_FALSE(fs::exists(folder / "out/checkpoint-2"));
  const std::vector<std::string> left = unfinished(folder / "out");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].starts_with(".tmp-checkpoint-2-")) << left[0];
  hold->let_go();
  Trainer(four_updates(folder / "out")).train();
  EXPECT_TRUE(unfinished(folder / "out").empty());
}

}  // namespace
}  // namespace torchhub
