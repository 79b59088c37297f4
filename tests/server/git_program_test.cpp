#include "server/git/program.h"
#include "server/http/api_error.h"
#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;
using server::git::Program;

/// A shell script that is found by the name of git while this lives.
class FakeGit {
 public:
  explicit FakeGit(const std::string& script) : old_path_(std::getenv("PATH")) {
    write_file_atomically(folder_ / "git", "#!/bin/sh\n" + script + "\n");
    fs::permissions(folder_ / "git", fs::perms::owner_all);
    ::setenv("PATH", (folder_.path().string() + ":" + old_path_).c_str(), 1);
  }
  ~FakeGit() { ::setenv("PATH", old_path_.c_str(), 1); }
  FakeGit(const FakeGit&) = delete;
  FakeGit& operator=(const FakeGit&) = delete;

  std::string path() const { return (folder_ / "git").string(); }

 private:
  TempDir folder_;
  std::string old_path_;
};

TEST(GitProgram, SaysWhatIsWrongWithTheInstalledOne) {
  const auto problem = [] { return Program(1, std::chrono::seconds(60)).problem(); };
  {
    const FakeGit broken("exit 3");
    EXPECT_EQ(problem(),
              "The server's git '" + broken.path() +
                  "' does not run; clones and pushes are not possible: git ended with an error.");
  }
  {
    const FakeGit old("echo git version 2.29.1");
    EXPECT_EQ(
        problem(),
        "The server's git is too old for clones and pushes (2.30 is needed): git version 2.29.1.");
  }
  const FakeGit good("echo git version 2.30.0");
  EXPECT_EQ(problem(), std::nullopt);
}

TEST(GitProgram, OnlyClonesAndPushesFailWhenItIsBroken) {
  const FakeGit broken("exit 3");
  const LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  EXPECT_FALSE(client.commit_file("demo/m", "a.txt", "1").empty());
  EXPECT_EQ(client.get("/demo/m/info/refs?service=git-upload-pack").status, 503);
  const Response push = client.get("/demo/m/info/refs?service=git-receive-pack");
  EXPECT_EQ(push.status, 503);
  EXPECT_TRUE(push.body.starts_with("The server's git")) << push.body;
  EXPECT_EQ(client.send("POST", "/demo/m/git-receive-pack", "0000").status, 503);
}

TEST(GitProgram, TellsHowManyWaitForAPlace) {
  Program program(1, std::chrono::seconds(60));
  const auto first = program.run({.arguments = {"--version"}}, {});
  EXPECT_EQ(program.waiting(), 0U);
  std::jthread second([&program](const std::stop_token& stop) {
    EXPECT_THROW(program.run({.arguments = {"--version"}}, stop), CancelledError);
  });
  while (program.waiting() == 0) std::this_thread::yield();
  EXPECT_EQ(program.waiting(), 1U);
  EXPECT_EQ(program.running(), 1U);
}

TEST(GitProgram, IsEndedWhenThePusherLeaves) {
  const TempDir folder;
  const fs::path started = folder / "started";
  const std::string path = std::getenv("PATH");
  const FakeGit hanging("[ \"$1\" = index-pack ] && { echo $$ > '" + started.string() +
                        ".new'; mv '" + started.string() + ".new' '" + started.string() +
                        "'; exec sleep 3600; }\nPATH='" + path + "' exec git \"$@\"");
  LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  const std::string id(40, '1');
  std::string command = fmt::format("{} {} refs/heads/a", std::string(40, '0'), id);
  command += '\0' + std::string("side-band-64k");
  const std::string body = fmt::format("{:04x}{}0000", command.size() + 4, command) +
                           std::string("PACK\0\0\0\2\0\0\0\1", 12);
  {
    RawConnection pusher(hub.base_url());
    pusher.send(
        fmt::format("POST /demo/m/git-receive-pack HTTP/1.1\r\nHost: localhost\r\n"
                    "Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{}",
                    hub.token(), body.size(), body));
    while (!fs::exists(started)) std::this_thread::yield();
  }
  // The pusher is gone; so is what worked for it, once the server has tried to say something.
  const pid_t unpacking = std::stoi(read_file(started));
  while (::kill(unpacking, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(client.get_json("/api/models/demo/m/commits/main").size(), 1U);
}

TEST(GitProgram, IsEndedWhenItHangsAfterItsLastWord) {
  const TempDir folder;
  const fs::path closed = folder / "closed";
  const FakeGit hanging(
      "[ \"$1\" = --version ] && { echo git version 2.39.0; exit; }\nexec >&-\n: > '" +
      closed.string() + "'\nexec sleep 3600");
  Program program(1, std::chrono::hours(1));
  std::stop_source stop;
  const auto output = program.run({.arguments = {"upload-pack"}}, stop.get_token());
  while (!fs::exists(closed)) std::this_thread::yield();
  stop.request_stop();
  std::array<char, 16> room;
  EXPECT_THROW(output->read(room), CancelledError);
}

/// Says its version, and then what `script` says.
std::string after_its_version(const std::string& script) {
  return "[ \"$1\" = --version ] && { echo git version 2.39.0; exit; }\n" + script;
}

TEST(GitProgram, IsEndedWhenItMakesNoProgress) {
  // Before its first word, and behind its last one.
  for (const char* silent : {"exec sleep 3600", "echo $$; exec >&-; exec sleep 3600"}) {
    SCOPED_TRACE(silent);
    const FakeGit hanging(after_its_version(silent));
    Program program(1, std::chrono::seconds(2));
    ASSERT_EQ(program.problem(), std::nullopt);
    try {
      program.output({.arguments = {"upload-pack"}}, {});
      ADD_FAILURE() << "it was waited for";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "git made no progress for 2 s.");
    }
    EXPECT_EQ(program.running(), 0U);
  }
}

TEST(GitProgram, SendsAwayWhoeverWaitedTooLong) {
  const FakeGit hanging(after_its_version("exec sleep 3600"));
  Program program(1, std::chrono::seconds(1));
  const auto running = program.run({.arguments = {"upload-pack"}}, {});
  std::stop_source watchdog;
  auto second = std::async(std::launch::async, [&program, &watchdog]() -> std::string {
    try {
      program.run({.arguments = {"upload-pack"}}, watchdog.get_token());
      return "there is one place";
    } catch (const server::ApiError& error) {
      return fmt::format("{} {}", error.status(), error.what());
    } catch (const CancelledError&) {
      return "it waited without end";
    }
  });
  if (second.wait_for(std::chrono::minutes(1)) != std::future_status::ready) {
    watchdog.request_stop();
  }
  EXPECT_EQ(second.get(), "503 Too many clones and pushes at once. Try again in a moment.");
  EXPECT_EQ(program.waiting(), 0U);
}

TEST(GitProgram, SendsAwayWhoeverComesToAFullQueue) {
  constexpr int kWaiting = 32;
  const FakeGit hanging(after_its_version("exec sleep 3600"));
  Program program(1, std::chrono::hours(1));
  std::stop_source stop;
  const auto running = program.run({.arguments = {"upload-pack"}}, stop.get_token());
  std::atomic<int> sent_away = 0;
  std::atomic<int> cancelled = 0;
  std::promise<std::string> refusal;
  std::vector<std::thread> callers;
  for (int i = 0; i <= kWaiting; ++i) {
    callers.emplace_back([&] {
      try {
        program.run({.arguments = {"upload-pack"}}, stop.get_token());
      } catch (const server::ApiError& error) {
        if (++sent_away > 1) return;
        refusal.set_value(fmt::format("{} {} {}", error.status(),
                                      error.headers().get("Retry-After").value_or(""),
                                      error.what()));
      } catch (const CancelledError&) {
        ++cancelled;
      }
    });
  }
  auto said = refusal.get_future();
  EXPECT_EQ(said.wait_for(std::chrono::minutes(1)), std::future_status::ready);
  EXPECT_EQ(program.running(), 1U);
  stop.request_stop();  // the others wait until now
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sent_away, 1);
  EXPECT_EQ(cancelled, kWaiting);
  if (sent_away > 0) {
    EXPECT_EQ(said.get(), "503 5 Too many clones and pushes at once. Try again in a moment.");
  }
}

}  // namespace
}  // namespace torchhub::testing
