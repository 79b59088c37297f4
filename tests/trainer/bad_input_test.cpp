#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sys/mount.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::LocalHub;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

TrainerOptions options(const fs::path& output_dir) {
  return {.model = tiny_model(),
          .args = {.output_dir = output_dir, .max_steps = 4, .save_steps = 2, .disable_tqdm = true},
          .train_dataset = tiny_dataset(16)};
}

TEST(BadInput, NamesEveryArgumentThatIsWrongBeforeAnythingHappens) {
  const TempDir folder;
  TrainerOptions bad = options(folder / "out");
  bad.args.save_steps = 0;
  bad.args.eval_strategy = IntervalStrategy::epoch;
  try {
    Trainer trainer(bad);
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "This Trainer cannot be made:\n"
                 "  - save_steps is 0; it must be above 0: a number of updates, or a fraction of "
                 "all below 1.\n"
                 "  - eval_strategy is epoch, but there is no eval_dataset; set one or use "
                 "eval_strategy no.");
  }
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(BadInput, NamesAnOutputFolderThatIsAFile) {
  const TempDir folder;
  write_file_atomically(folder / "out", "a file");
  try {
    Trainer trainer(options(folder / "out"));
    FAIL() << "nothing was thrown";
  } catch (const FileError& error) {
    EXPECT_EQ(std::string(error.what()),
              "'" + (folder / "out").string() +
                  "' is a file where a folder is needed. Move it away or choose another folder.");
  }
  EXPECT_EQ(read_file(folder / "out"), "a file");
}

class BadHub : public ::testing::Test {
 protected:
  TrainerOptions pushing(std::optional<std::string> token) {
    TrainerOptions o = options(folder_ / "tiny");
    o.args.push_to_hub = true;
    o.hub = HubOptions{.endpoint = hub_.base_url(),
                       .token = std::move(token),
                       .cache_dir = folder_ / "cache",
                       .retry = {.max_retries = 0}};
    return o;
  }

  TempDir folder_;
  LocalHub hub_;
};

TEST_F(BadHub, FailsEarlyWithoutAToken) {
  EXPECT_THROW(Trainer{pushing(std::nullopt)}, LocalTokenNotFoundError);
}

TEST_F(BadHub, FailsEarlyWithAWrongTokenAndDoesNotShowIt) {
  try {
    Trainer trainer(pushing("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"));
    FAIL() << "nothing was thrown";
  } catch (const UnauthorizedError& error) {
    EXPECT_EQ(std::string(error.what()).find("hf_aaaa"), std::string::npos) << error.what();
  }
}

TEST_F(BadHub, FailsEarlyWithATokenThatMayOnlyRead) {
  EXPECT_THROW(Trainer{pushing(hub_.read_token())}, ForbiddenError);
}

TEST_F(BadHub, FailsEarlyWhereNoServerListens) {
  TrainerOptions o = pushing(hub_.token());
  hub_.stop();
  EXPECT_THROW(Trainer{o}, ConnectionError);
}

TEST_F(BadHub, NamesARepositoryARevisionAndACheckpointThatAreNotThere) {
  Trainer trainer(pushing(hub_.token()));
  EXPECT_THROW(trainer.train({.resume_from_checkpoint = "demo/nobody"}), RepositoryNotFoundError);
  EXPECT_THROW(trainer.train({.resume_from_checkpoint = "demo/tiny@nowhere"}),
               RevisionNotFoundError);
  try {
    trainer.train({.resume_from_checkpoint = "demo/tiny"});
    FAIL() << "nothing was thrown";
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find("'demo/tiny' holds no checkpoint at commit"),
              std::string::npos)
        << error.what();
  }
}

/// A file system of a few hundred kilobytes.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& path) : path_(path) {
    fs::create_directories(path);
    mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  fs::path path_;
  bool mounted_ = false;
};

TEST(DiskFull, WhileSavingIsNamedAndTheCheckpointBeforeStays) {
  const TempDir folder;
  const SmallDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  /// Takes the rest of the disk after the first save.
  class FillDisk final : public TrainerCallback {
   public:
    explicit FillDisk(fs::path file) : file_(std::move(file)) {}
    std::string name() const override { return "FillDisk"; }
    void on_save(const TrainerEvent&, const fs::path&) override {
      std::ofstream(file_) << std::string(1 << 20, 'x');
    }

   private:
    fs::path file_;
  };
  TrainerOptions o = options(folder / "disk/out");
  o.callbacks = {std::make_shared<FillDisk>(folder / "disk/filler")};
  Trainer trainer(o);
  EXPECT_THROW(trainer.train(), DiskFullError);
  EXPECT_EQ(complete_checkpoints(folder / "disk/out"), (std::vector<std::int64_t>{2}));
  for (const auto& entry : fs::directory_iterator(folder / "disk/out")) {
    EXPECT_EQ(entry.path().filename(), "checkpoint-2") << "left behind";
  }
  fs::remove(folder / "disk/filler");
  Trainer again(options(folder / "disk/out"));
  EXPECT_EQ(again.train({.resume_from_checkpoint = "last"}).global_step, 4);
}

}  // namespace
}  // namespace torchhub
