#include "support/child_process.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace torchhub {
namespace {

using testing::ChildProcess;
using testing::Finished;
using testing::TempDir;

std::vector<std::string> launch_arguments(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {TORCHHUB_EXECUTABLE, "launch"});
  return arguments;
}

Finished launch(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  return testing::run(launch_arguments(std::move(arguments)), std::move(environment));
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Where ranks tell the test that they run: a named pipe, whose reader waits for a writer.
class Meeting {
 public:
  Meeting() : path_(folder_ / "meeting") { ::mkfifo(path_.c_str(), 0600); }
  const std::string& path() const { return path_; }
  std::string wait() const {
    std::ifstream stream(path_);
    std::string line;
    std::getline(stream, line);
    return line;
  }

 private:
  TempDir folder_;
  std::string path_;
};

/// Ends when a process of another parent does.
class Watch {
 public:
  explicit Watch(pid_t pid) : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Watch() { ::close(descriptor_); }
  bool sees_its_end() const {
    pollfd source = {descriptor_, POLLIN, 0};
    return ::poll(&source, 1, 30'000) == 1;
  }

 private:
  int descriptor_;
};

TEST(Launch, TellsEachRankWhichItIs) {
  const Finished done = launch({"-n", "3", "--master-port", "29612", "sh", "-c",
                                "echo $RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE "
                                "$MASTER_ADDR:$MASTER_PORT"},
                               {"RANK=7", "WORLD_SIZE=9"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(sorted_lines(done.output),
            (std::vector<std::string>{"0/3 0/3 127.0.0.1:29612", "1/3 1/3 127.0.0.1:29612",
                                      "2/3 2/3 127.0.0.1:29612"}));
}

TEST(Launch, ChoosesOnePortForAllRanks) {
  const auto lines = sorted_lines(launch({"-n", "2", "sh", "-c", "echo $MASTER_PORT"}).output);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], lines[1]);
  EXPECT_GT(std::stoi(lines[0]), 1023);
}

int threads_of_a_rank(std::vector<std::string> environment, const std::string& ranks) {
  environment.insert(environment.begin(), "env");
  environment.insert(environment.end(), {TORCHHUB_EXECUTABLE, "launch", "-n", ranks, "sh", "-c",
                                         "exit $OMP_NUM_THREADS"});
  return testing::run(environment).exit_code;
}

TEST(Launch, DividesTheCoresUnlessThreadsAreChosen) {
  const int alone = threads_of_a_rank({"-u", "OMP_NUM_THREADS"}, "1");
  EXPECT_GE(alone, 1);
  EXPECT_EQ(threads_of_a_rank({"-u", "OMP_NUM_THREADS"}, "2"), std::max(1, alone / 2));
  EXPECT_EQ(threads_of_a_rank({"OMP_NUM_THREADS=77"}, "2"), 77);
}

TEST(Launch, LeavesTheProgramsOptionsToTheProgram) {
  const std::vector<std::string> program = {"sh", "-c",    "printf '%s ' \"$@\"", "x", "-n", "5",
                                            "--", "--help"};
  std::vector<std::string> arguments = {"-n", "1"};
  arguments.insert(arguments.end(), program.begin(), program.end());
  EXPECT_EQ(launch(arguments).output, "-n 5 -- --help ");
  arguments.insert(arguments.begin() + 2, "--");
  EXPECT_EQ(launch(arguments).output, "-n 5 -- --help ");
}

TEST(Launch, GivesRanksNothingToRead) {
  const Finished done =
      testing::run({"sh", "-c", "echo typed | \"$0\" launch -n 1 sh -c 'read line; echo $?$line'",
                    TORCHHUB_EXECUTABLE});
  EXPECT_EQ(done.output, "1\n") << done.errors;
}

TEST(Launch, TagsEachLineWithItsRankWhenAsked) {
  const Finished done =
      launch({"-n", "2", "--tag-output", "sh", "-c", "printf 'one\\ntwo'; echo oops >&2"});
  EXPECT_EQ(sorted_lines(done.output),
            (std::vector<std::string>{"[0] one", "[0] two", "[1] one", "[1] two"}));
  EXPECT_EQ(sorted_lines(done.errors), (std::vector<std::string>{"[0] oops", "[1] oops"}));
}

TEST(Launch, EndsTheOthersWhenARankFails) {
  const Finished done =
      launch({"-n", "3", "sh", "-c", "if [ $RANK = 1 ]; then exit 5; fi; sleep 600"});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_NE(done.errors.find("torchhub launch: rank 1 (pid "), std::string::npos) << done.errors;
  EXPECT_NE(done.errors.find(") exited with code 5; ending the other ranks.\n"), std::string::npos)
      << done.errors;
}

TEST(Launch, NamesTheSignalThatKilledARank) {
  const Finished done =
      launch({"-n", "2", "sh", "-c", "if [ $RANK = 0 ]; then kill -9 $$; fi; sleep 600"});
  EXPECT_EQ(done.exit_code, 128 + SIGKILL);
  EXPECT_NE(done.errors.find(") was killed by signal 9 (Killed); ending"), std::string::npos)
      << done.errors;
}

TEST(Launch, KillsARankThatIgnoresTheRequestToEnd) {
  const Meeting meeting;
  const Finished done = launch({"-n", "2", "--grace-seconds", "0.1", "sh", "-c",
                                "if [ $RANK = 1 ]; then read line <$0; exit 1; fi; trap '' TERM; "
                                "echo ready >$0; while true; do sleep 600; done",
                                meeting.path()});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(done.errors.find(") did not end within 0.1 s; killing it.\n"), std::string::npos)
      << done.errors;
}

TEST(Launch, PassesARequestToEndOn) {
  const Meeting meeting;
  ChildProcess launcher(launch_arguments({"-n", "1", "sh", "-c",
                                          "trap 'echo saved; exit 0' TERM; echo ready >$0; "
                                          "while true; do sleep 600 & wait; done",
                                          meeting.path()}));
  EXPECT_EQ(meeting.wait(), "ready");
  launcher.signal(SIGTERM);
  EXPECT_EQ(launcher.wait(), 0);
  EXPECT_EQ(launcher.output(), "saved\n");
  EXPECT_EQ(launcher.errors(), "");
}

TEST(Launch, KillsAtOnceWhenAskedToEndASecondTime) {
  const Meeting meeting, second_meeting;
  ChildProcess launcher(launch_arguments({"-n", "1", "--grace-seconds", "86400", "sh", "-c",
                                          "trap 'echo asked >$1' INT; echo ready >$0; "
                                          "while true; do sleep 600 & wait; done",
                                          meeting.path(), second_meeting.path()}));
  EXPECT_EQ(meeting.wait(), "ready");
  launcher.signal(SIGINT);
  EXPECT_EQ(second_meeting.wait(), "asked");
  launcher.signal(SIGTERM);
  EXPECT_EQ(launcher.wait(), 128 + SIGKILL);
}

TEST(Launch, LeavesNoRankBehindWhenItIsKilledItself) {
  const Meeting meeting;
  ChildProcess launcher(
      launch_arguments({"-n", "1", "sh", "-c", "echo $$ >$0; exec sleep 600", meeting.path()}));
  const Watch rank(std::stoi(meeting.wait()));
  launcher.signal(SIGKILL);
  launcher.wait();
  EXPECT_TRUE(rank.sees_its_end());
}

TEST(Launch, EndsWhatARankLeftBehind) {
  const Meeting meeting;
  ChildProcess launcher(launch_arguments(
      {"-n", "1", "sh", "-c", "sh -c 'echo $$ >$0; exec sleep 600' $0 & wait", meeting.path()}));
  const Watch grandchild(std::stoi(meeting.wait()));
  launcher.signal(SIGTERM);
  EXPECT_EQ(launcher.wait(), 128 + SIGTERM);
  EXPECT_TRUE(grandchild.sees_its_end());
}

TEST(Launch, SaysWhyAProgramCannotStart) {
  const Finished done = launch({"-n", "2", "/no/such/program"});
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(done.errors, "torchhub: Cannot start '/no/such/program': No such file or directory.\n");
}

TEST(Launch, RefusesWhatIsNoCommand) {
  EXPECT_EQ(launch({"-n", "2"}).exit_code, 2);
  EXPECT_EQ(launch({"-n", "0", "true"}).exit_code, 2);
  EXPECT_EQ(launch({"-n", "two", "true"}).exit_code, 2);
  EXPECT_EQ(launch({"true"}).exit_code, 2);
  EXPECT_EQ(launch({"-n", "2", "--master-port", "70000", "true"}).exit_code, 2);
  EXPECT_EQ(launch({"-n", "2", "--grace", "1", "true"}).exit_code, 2);
}

}  // namespace
}  // namespace torchhub
