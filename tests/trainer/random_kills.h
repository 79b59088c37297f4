#pragma once

#include "support/child_process.h"
#include "support/commit_titles.h"
#include "support/number_from_environment.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/card/training_card.h"
#include "torchhub/hub.h"
#include "trainer/kill_moments.h"
#include "trainer/killable_hub.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace torchhub::testing {

/// Programs that train and push are killed again and again, and the hub too, at moments drawn by a
/// seed. TORCHHUB_KILLS says how many kills (default 12; the acceptance run has 200),
/// TORCHHUB_KILLS_SEED with which seed to begin: a failure names the one it came with.
class RandomKills : public ::testing::Test {
 protected:
  /// Calls `train` with one seed after another until there were enough kills.
  template <typename Train>
  void for_seeds(Train&& train) {
    const int asked = number_from_environment("TORCHHUB_KILLS", 12);
    int seed = number_from_environment("TORCHHUB_KILLS_SEED", 1);
    const int first = seed;
    for (; kills_ + hub_kills_ < asked && !HasFailure(); ++seed) {
      SCOPED_TRACE(fmt::format("TORCHHUB_KILLS_SEED={}, after {} kills", seed, kills_));
      train(static_cast<unsigned>(seed));
    }
    std::cout << fmt::format("{} kills of the program and {} of the hub, seeds {} to {}\n", kills_,
                             hub_kills_, first, seed - 1);
  }

  /// Runs `program` until it comes to its end. It is killed once or twice before, or the hub is,
  /// while it lives; now and then `push resume` comes before the next start.
  /// @param program its first argument is output_dir. @param moments of a run that nothing
  /// disturbs, roughly
  /// @param check called whenever it was killed
  template <typename Check>
  void run_to_its_end(const std::vector<std::string>& program, std::mt19937& random, int moments,
                      Check&& check) {
    for (int left = 1 + static_cast<int>(random() % 2); left >= 0; --left) {
      Kill kill;
      if (left > 0) {
        kill.moment = 1 + random() % moments;
        if (random() % 2 == 0) kill.later = std::chrono::microseconds(random() % 4000);
        if (random() % 4 == 0) kill.process = hub_.id();
      }
      SCOPED_TRACE(fmt::format("killing with {}", kill.text()));
      std::vector<std::string> command = program;
      command.push_back(kill.text());
      ChildProcess process(std::move(command));
      hub_kills_ += hub_.serve_until_end_of(process);
      const int ended = process.wait();
      ASSERT_TRUE(ended == 0 || ended == 128 + SIGKILL) << ended << process.errors();
      check();
      if (ended == 0 || HasFailure()) return;
      ++kills_;
      if (random() % 3 == 0) push_resume(program.at(1));
    }
  }

  void push_resume(const std::filesystem::path& output_dir) const {
    if (!std::filesystem::is_directory(output_dir)) return;
    const Finished resumed =
        run({TORCHHUB_EXECUTABLE, "push", "resume", output_dir.string(), "--endpoint", hub_.url()},
            {"HF_TOKEN=" + hub_.token()});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.output << resumed.errors;
  }
  void expect_finished_card(const Repo& repo) const {
    const std::string card = on_hub(repo, "README.md", "main");
    EXPECT_FALSE(says_in_progress(card)) << card;
  }

  HubClient client() const {
    return HubClient(
        {.endpoint = hub_.url(), .token = hub_.token(), .cache_dir = folder_ / "check"});
  }
  std::string on_hub(const Repo& repo, const std::string& path, const std::string& commit) const {
    return read_file(client().hub_download(repo, path, {.revision = commit}));
  }
  /// All but the first one, oldest first. Who starts a program again that was killed when all was
  /// done lets it end once more: its card then names the commit, and nothing else may change.
  std::vector<GitCommit> commits_of(const Repo& repo) const {
    std::vector<GitCommit> all = client().list_repo_commits(repo);
    std::reverse(all.begin(), all.end());
    std::vector<GitCommit> commits;
    for (auto commit = all.begin() + 1; commit != all.end(); ++commit) {
      const bool ends_again = !commits.empty() && commit->title == "End of training" &&
                              commits.back().title == commit->title;
      if (!ends_again) {
        commits.push_back(*commit);
      } else {
        EXPECT_EQ(files_at(repo, commit->id), files_at(repo, commits.back().id));
      }
    }
    return commits;
  }
  /// Contents by path, but for the card.
  std::map<std::string, std::string> files_at(const Repo& repo, const std::string& commit) const {
    std::map<std::string, std::string> files;
    for (const RepoTreeEntry& entry : client().list_repo_tree(repo, commit, {}, true)) {
      if (entry.path != "README.md") files[entry.path] = entry.content_id();
    }
    return files;
  }

  TempDir folder_;
  KillableHub hub_{TORCHHUB_EXECUTABLE};
  int kills_ = 0;
  int hub_kills_ = 0;
};

/// Are these of `all`, in its order, and none of them twice?
inline bool is_part_of(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  auto next = all.begin();
  for (const std::string& each : some) {
    next = std::find(next, all.end(), each);
    if (next++ == all.end()) return false;
  }
  return true;
}

}  // namespace torchhub::testing
