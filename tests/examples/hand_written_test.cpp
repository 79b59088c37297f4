#include "support/child_process.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"

#include <gtest/gtest.h>

#include <filesystem>

/// The loop of one's own: what it saves it can go on from, and so can the Trainer.
namespace torchhub::testing {
namespace {

Finished hand_written(std::vector<std::string> words) {
  words.insert(words.begin(), HAND_WRITTEN);
  return run(std::move(words));
}

TEST(HandWrittenLoop, PushesEachOfItsSaves) {
  const TempDir folder;
  const LocalHub hub;
  const Finished finished = run({HAND_WRITTEN, folder / "out", "4", "2", "own"},
                                {"HF_ENDPOINT=" + hub.base_url(), "HF_TOKEN=" + hub.token(),
                                 "HF_HOME=" + (folder / "home").string()});
  ASSERT_EQ(finished.exit_code, 0) << finished.errors;
  const HubClient client(
      {.endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder / "cache"});
  const Repo repo{.id = {.owner = "demo", .name = "own"}};
  EXPECT_EQ(client.list_repo_commits(repo).front().title, "Training in progress, step 4");
  EXPECT_EQ(read_file(client.hub_download(repo, "model.safetensors")),
            read_file(folder / "out/checkpoint-4/model.safetensors"));
}

TEST(HandWrittenLoop, GoesOnFromItsCheckpointAsIfItHadNeverStopped) {
  const TempDir folder;
  const std::string straight = folder / "straight";
  const Finished first = hand_written({straight, "6", "2", "-"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const std::string resumed = folder / "resumed";
  const Finished second = hand_written({resumed, "6", "2", "-", straight + "/checkpoint-2"});
  ASSERT_EQ(second.exit_code, 0) << second.errors;
  EXPECT_EQ(read_file(resumed + "/checkpoint-6/model.safetensors"),
            read_file(straight + "/checkpoint-6/model.safetensors"));
  EXPECT_EQ(second.output, first.output.substr(first.output.find("step 4")));
}

TEST(HandWrittenLoop, SavesWhatTheTrainerCanGoOnFrom) {
  const TempDir folder;
  const std::string out = folder / "out";
  ASSERT_EQ(hand_written({out, "2", "2", "-"}).exit_code, 0);
  const Finished trainer =
      run({FINETUNE, "train", "--no-push", "--output-dir", folder / "trainer", "--max-steps", "3",
           "--save-steps", "1", "--resume-from", out + "/checkpoint-2"});
  EXPECT_EQ(trainer.exit_code, 0) << trainer.errors;
  EXPECT_NE(trainer.output.find("3 updates"), std::string::npos) << trainer.output;
  // Of a run that had begun afresh the last two would be there.
  EXPECT_FALSE(std::filesystem::exists(folder / "trainer/checkpoint-2"));
  EXPECT_TRUE(std::filesystem::exists(folder / "trainer/checkpoint-3"));
}

TEST(HandWrittenLoop, GoesOnFromWhatTheTrainerSaved) {
  const TempDir folder;
  const Finished trainer = run({FINETUNE, "train", "--no-push", "--output-dir", folder / "trainer",
                                "--max-steps", "2", "--save-steps", "2"});
  ASSERT_EQ(trainer.exit_code, 0) << trainer.errors;
  // More updates than the Trainer was to make.
  const Finished own =
      hand_written({folder / "out", "4", "2", "-", folder / "trainer/checkpoint-2"});
  ASSERT_EQ(own.exit_code, 0) << own.errors;
  EXPECT_EQ(own.output.find("step 2"), std::string::npos) << own.output;
  EXPECT_NE(own.output.find("step 4"), std::string::npos) << own.output;
  EXPECT_TRUE(std::filesystem::exists(folder / "out/checkpoint-4"));
}

TEST(HandWrittenLoop, NamesACheckpointThatIsNotThere) {
  const TempDir folder;
  const Finished finished = hand_written({folder / "out", "2", "2", "-", folder / "nothing"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.errors.find("error: "), std::string::npos);
  EXPECT_EQ(hand_written({}).exit_code, 2);
  EXPECT_NE(hand_written({folder / "out", "2", "0"}).errors.find("SAVE_STEPS must be above 0."),
            std::string::npos);
}

}  // namespace
}  // namespace torchhub::testing
