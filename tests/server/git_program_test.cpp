#include "server/git/program.h"
#include "server/hub_client.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>

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

TEST(GitProgram, OnlyClonesFailWhenItIsBroken) {
  const FakeGit broken("exit 3");
  const LocalHub hub;
  HubClient client(hub);
  client.create_repo("m");
  EXPECT_FALSE(client.commit_file("demo/m", "a.txt", "1").empty());
  EXPECT_EQ(client.get("/demo/m/info/refs?service=git-upload-pack").status, 503);
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

}  // namespace
}  // namespace torchhub::testing
