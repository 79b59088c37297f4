#include "torchhub/callbacks/tensorboard.h"

#include "callbacks/crc32c.h"
#include "callbacks/event_file_reader.h"
#include "support/fake_clock.h"
#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/variable.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <regex>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::FakeClock;
using testing::ReadEvent;
using testing::TempDir;
using testing::Variable;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Crc32c, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(TensorBoardLogger, WritesTheRecordsOfTorchsSummaryWriterByteForByte) {
  const TempDir folder;
  const auto clock = std::make_shared<FakeClock>();
  clock->advance(std::chrono::milliseconds(250));
  TensorBoardLogger logger({.logging_dir = folder.path()}, clock);
  logger.begin({.output_dir = "unused",
                .args_json = "{\n  \"learning_rate\": 5e-05\n}",
                .model_config_json = "{}"});
  for (const std::int64_t step :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{300}, std::int64_t{1} << 40}) {
    logger.scalars(step, {{"train/loss", 1.5}, {"eval/accuracy", 0.1}});
  }
  logger.scalars(7, {{"train/loss", 0.0}});
  logger.scalars(8, {{"train/loss", std::numeric_limits<double>::infinity()}});
  logger.scalars(9, {{"train/loss", std::numeric_limits<double>::quiet_NaN()}});
  logger.scalars(10, {{"train/total_flos", 1e300}});
  logger.text("train/note", 300, "Käse " + std::string(300, 'x'));
  logger.end();

  std::vector<std::string> ours = testing::read_records(read_file(files_in(folder.path()).at(0)));
  std::vector<std::string> theirs =
      testing::read_records(testing::golden("callbacks/tensorboard.events"));
  ASSERT_EQ(ours.size(), theirs.size());
  EXPECT_TRUE(theirs[0].starts_with(ours[0]));  // theirs goes on with the name of the writer
  EXPECT_EQ(testing::read_event(ours[0]).file_version, "brain.Event:2");
  for (std::size_t i = 1; i < ours.size(); ++i) EXPECT_EQ(ours[i], theirs[i]) << "record " << i;
}

TEST(TensorBoardLogger, CanBeReadAfterEachCall) {
  const TempDir folder;
  const auto clock = std::make_shared<FakeClock>();
  TensorBoardLogger logger({.logging_dir = folder.path()}, clock);
  logger.begin({.output_dir = "unused", .args_json = "{}"});
  const fs::path file = files_in(folder.path()).at(0);
  EXPECT_EQ(testing::read_events(read_file(file)).size(), 2u);  // version and args: no config
  clock->advance(std::chrono::seconds(2));
  logger.scalars(3, {{"train/loss", -2.5}, {"train/epoch", 1}});
  const std::vector<ReadEvent> events = testing::read_events(read_file(file));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1].tag, "args/text_summary");
  EXPECT_EQ(events[1].plugin, "text");
  EXPECT_EQ(events[1].text, "{}");
  EXPECT_EQ(events[2].tag, "train/loss");
  EXPECT_TRUE(events[2].is_scalar);
  EXPECT_EQ(events[2].scalar, -2.5F);
  EXPECT_EQ(events[2].step, 3);
  EXPECT_EQ(events[2].wall_time, 1'790'000'002.0);
  EXPECT_EQ(events[3].tag, "train/epoch");
}

TEST(TensorBoardLogger, NamesFolderAndFileAsPythonDoes) {
  const Variable zone("TZ", "UTC");
  const TempDir folder;
  TensorBoardLogger logger({}, std::make_shared<FakeClock>());
  logger.begin({.output_dir = folder / "out"});
  EXPECT_TRUE(
      std::regex_match(logger.folder().filename().string(), std::regex("Sep21_14-13-20_[^/]+")))
      << logger.folder();
  EXPECT_EQ(logger.folder().parent_path(), folder / "out/runs");
  const std::string file = files_in(logger.folder()).at(0).filename().string();
  EXPECT_TRUE(std::regex_match(
      file, std::regex("events\\.out\\.tfevents\\.1790000000\\.[^/]+\\.[0-9]+\\.[0-9]+")))
      << file;
  EXPECT_EQ(default_tensorboard_dir("o", std::chrono::system_clock::time_point{}, "box"),
            "o/runs/Jan01_00-00-00_box");
}

TEST(TensorBoardLogger, MakesANewFileEachTimeItBegins) {
  const TempDir folder;
  const auto clock = std::make_shared<FakeClock>();
  TensorBoardLogger logger({}, clock);
  logger.begin({.output_dir = folder.path()});
  logger.end();
  const fs::path first = logger.folder();
  clock->advance(std::chrono::hours(1));
  logger.begin({.output_dir = folder.path()});  // an evaluation after the training
  EXPECT_EQ(logger.folder(), first);
  EXPECT_EQ(files_in(first).size(), 2u);
}

TEST(TensorBoardLogger, KeepsTrialsApart) {
  const TempDir folder;
  TensorBoardLogger logger({.logging_dir = folder / "tb"}, std::make_shared<FakeClock>());
  logger.begin({.output_dir = folder.path(), .trial_name = "run-0"});
  EXPECT_EQ(logger.folder(), folder / "tb/run-0");
  logger.begin({.output_dir = folder.path(), .trial_name = "run-1"});
  EXPECT_EQ(logger.folder(), folder / "tb/run-1");
  EXPECT_EQ(files_in(folder / "tb/run-0").size(), 1u);
}

TEST(TensorBoardLogger, NamesWhatStandsInItsWay) {
  const TempDir folder;
  write_file_atomically(folder / "tb", "a file");
  TensorBoardLogger logger({.logging_dir = folder / "tb"});
  const std::string message =
      testing::message_of<FileError>([&] { logger.begin({.output_dir = folder.path()}); });
  EXPECT_NE(message.find((folder / "tb").string()), std::string::npos) << message;
  EXPECT_EQ(read_file(folder / "tb"), "a file");
  EXPECT_THROW(logger.scalars(1, {{"a", 1}}), InvalidArgumentError);
}

TEST(TensorBoardOptions, TakesTheFolderFromTheEnvironment) {
  const Variable home("HOME", "/home/ana");
  {
    const Variable folder("TENSORBOARD_LOGGING_DIR", "~/tb");
    EXPECT_EQ(TensorBoardOptions::from_environment().logging_dir, "/home/ana/tb");
  }
  {
    const Variable folder("TENSORBOARD_LOGGING_DIR", "a~/tb");
    EXPECT_EQ(TensorBoardOptions::from_environment().logging_dir, "a~/tb");
  }
  const Variable empty("TENSORBOARD_LOGGING_DIR", "");
  EXPECT_EQ(TensorBoardOptions::from_environment().logging_dir, std::nullopt);
}

}  // namespace
}  // namespace torchhub
