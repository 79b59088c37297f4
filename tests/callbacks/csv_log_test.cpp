#include "torchhub/callbacks/csv_log.h"

#include "support/fake_clock.h"
#include "support/message_of.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace torchhub {
namespace {

using testing::FakeClock;
using testing::TempDir;

const std::string kTime = "2026-09-21T14:13:20.000Z";  // where FakeClock begins
const RunFacts kRun{.output_dir = "unused"};

TEST(CsvLogger, WritesOneRowALogUnderOneHeader) {
  const TempDir folder;
  CsvLogger logger(folder / "a/log.csv", std::make_shared<FakeClock>());
  logger.begin(kRun);
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  logger.scalars(1, {{"train/loss", 0.1}, {"train/learning_rate", 5e-5}});
  logger.scalars(2, {{"train/learning_rate", 2}, {"train/loss", 1e300}});
  logger.text("train/note", 2, "left out");
  logger.end();
  EXPECT_EQ(read_file(folder / "a/log.csv"), "step,time,train/loss,train/learning_rate\n1," +
                                                 kTime + ",0.1,5e-05\n2," + kTime + ",1e+300,2\n");
}

TEST(CsvLogger, GivesANewTagAColumnInEveryRow) {
  const TempDir folder;
  CsvLogger logger(folder / "log.csv", std::make_shared<FakeClock>());
  logger.begin(kRun);
  logger.scalars(1, {{"train/loss", 1}});
  logger.scalars(1, {{"eval/loss", 2}, {"eval/f1, \"macro\"\n", 3}});
  logger.scalars(2, {{"train/loss", 4}});
  EXPECT_EQ(read_file(folder / "log.csv"),
            "step,time,train/loss,eval/loss,\"eval/f1, \"\"macro\"\"\n\"\n1," + kTime + ",1,,\n1," +
                kTime + ",,2,3\n2," + kTime + ",4,,\n");
}

TEST(CsvLogger, GoesOnInTheFileOfAnEarlierRun) {
  const TempDir folder;
  const auto clock = std::make_shared<FakeClock>();
  for (const double value : {1.0, 2.0}) {
    CsvLogger logger(folder / "log.csv", clock);
    logger.begin(kRun);
    logger.scalars(5, {{"x,y", value}});
  }
  CsvLogger logger(folder / "log.csv", clock);
  logger.begin(kRun);
  logger.scalars(6, {{"z", 3}});
  EXPECT_EQ(read_file(folder / "log.csv"),
            "step,time,\"x,y\",z\n5," + kTime + ",1,\n5," + kTime + ",2,\n6," + kTime + ",,3\n");
}

TEST(CsvLogger, WritesNumbersThatAreNoneAsPythonReadsThem) {
  const TempDir folder;
  CsvLogger logger(folder / "log.csv", std::make_shared<FakeClock>());
  const double infinity = std::numeric_limits<double>::infinity();
  logger.begin(kRun);
  logger.scalars(
      1, {{"a", -std::numeric_limits<double>::quiet_NaN()}, {"b", infinity}, {"c", -infinity}});
  EXPECT_TRUE(read_file(folder / "log.csv").ends_with(",nan,inf,-inf\n"));
}

TEST(CsvLogger, MendsAFileThatWasCutAnywhere) {
  const TempDir folder;
  const auto clock = std::make_shared<FakeClock>();
  {
    CsvLogger logger(folder / "whole.csv", clock);
    logger.begin(kRun);
    logger.scalars(1, {{"a", 1}, {"b \"c\"", 2}});
    logger.scalars(2, {{"a", 3}});
  }
  const std::string whole = read_file(folder / "whole.csv");
  const std::string header = "step,time,a,\"b \"\"c\"\"\"\n";
  const std::string last = "9," + kTime + ",4,5\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    write_file_atomically(folder / "cut.csv", whole.substr(0, size));
    CsvLogger logger(folder / "cut.csv", clock);
    logger.begin(kRun);
    logger.scalars(9, {{"a", 4}, {"b \"c\"", 5}});
    std::string kept = whole.substr(0, whole.substr(0, size).rfind('\n') + 1);
    if (kept.empty()) kept = header;
    EXPECT_EQ(read_file(folder / "cut.csv"), kept + last);
  }
}

TEST(CsvLogger, LeavesAFileAloneThatIsNoLog) {
  const TempDir folder;
  for (const std::string text : {"my notes", "a,b\n1,2\n", "step\n", "step,time,a\n1,2\n"}) {
    SCOPED_TRACE(text);
    write_file_atomically(folder / "log.csv", text);
    CsvLogger logger(folder / "log.csv");
    const std::string message = testing::message_of<FileError>([&] { logger.begin(kRun); });
    EXPECT_NE(message.find("log.csv' is no log of torchhub: "), std::string::npos) << message;
    EXPECT_NE(message.find("Move it away"), std::string::npos) << message;
    EXPECT_EQ(read_file(folder / "log.csv"), text);
  }
}

TEST(CsvLogger, RefusesTheNamesOfItsOwnColumns) {
  const TempDir folder;
  CsvLogger logger(folder / "log.csv");
  logger.begin(kRun);
  EXPECT_EQ(testing::message_of<InvalidArgumentError>([&] {
              logger.scalars(1, {{"a", 1}, {"time", 2}});
            }),
            "The CSV log has a column 'time' of its own; name the number otherwise.");
  EXPECT_FALSE(std::filesystem::exists(folder / "log.csv"));
}

TEST(CsvLogger, MakesTheFileAnewIfItIsTakenAway) {
  const TempDir folder;
  CsvLogger logger(folder / "log.csv", std::make_shared<FakeClock>());
  logger.begin(kRun);
  logger.scalars(1, {{"a", 1}});
  std::filesystem::remove(folder / "log.csv");
  logger.scalars(2, {{"a", 2}});
  EXPECT_EQ(read_file(folder / "log.csv"), "step,time,a\n2," + kTime + ",2\n");
}

TEST(CsvLogger, GoesOnAfterAColumnThatCouldNotBeWritten) {
  const TempDir folder;
  CsvLogger logger(folder / "log.csv", std::make_shared<FakeClock>());
  logger.begin(kRun);
  logger.scalars(1, {{"a", 1}});
  std::filesystem::rename(folder / "log.csv", folder / "aside");
  std::filesystem::create_directory(folder / "log.csv");
  EXPECT_THROW(logger.scalars(2, {{"a", 2}, {"b", 3}}), FileError);
  std::filesystem::remove(folder / "log.csv");
  std::filesystem::rename(folder / "aside", folder / "log.csv");
  logger.scalars(3, {{"a", 4}, {"b", 5}});
  EXPECT_EQ(read_file(folder / "log.csv"),
            "step,time,a,b\n1," + kTime + ",1,\n3," + kTime + ",4,5\n");
}

TEST(CsvLogger, SaysWhatStandsInTheWayOfItsFile) {
  const TempDir folder;
  write_file_atomically(folder / "a", "a file");
  CsvLogger below_a_file(folder / "a/log.csv");
  below_a_file.begin(kRun);
  EXPECT_THROW(below_a_file.scalars(1, {{"loss", 1}}), FileError);
  CsvLogger too_long(folder / std::string(300, 'a') / "log.csv");
  EXPECT_THROW(too_long.begin(kRun), FileError);
}

TEST(CsvLogger, LeavesNoHalfARowOnAFullDisk) {
  const testing::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  CsvLogger logger(disk / "log.csv", std::make_shared<FakeClock>());
  logger.begin(kRun);
  std::int64_t rows = 0;
  const auto fill = [&] {
    for (; rows < 20'000; ++rows) logger.scalars(rows, {{"train/loss", 0.123456789012345}});
  };
  EXPECT_THROW(fill(), DiskFullError);
  const std::string text = read_file(disk / "log.csv");
  EXPECT_GT(rows, 100);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), rows + 1);
  EXPECT_TRUE(text.ends_with(",0.123456789012345\n"));
}

}  // namespace
}  // namespace torchhub
