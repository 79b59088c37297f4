// `torchhub push folder`, as people call it: the program itself, against a real hub.
#include "support/child_process.h"
#include "support/everything_in.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

using testing::Finished;
using testing::LocalHub;
using testing::TempDir;
using Names = std::vector<std::string>;

class PushFolderCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(folder_ / "net/config.json", "{}");
    write_file_atomically(folder_ / "net/model.safetensors", "weights");
    write_file_atomically(folder_ / "net/notes.txt", "x");
    write_file_atomically(folder_ / "net/checkpoint-5/optimizer.pt", "moments");
  }

  Finished push(Names more = {}) const {
    Names command{TORCHHUB_EXECUTABLE, "push", "folder", (folder_ / "net").string(), "demo/net"};
    command.insert(command.end(), more.begin(), more.end());
    return testing::run(command, {"HF_ENDPOINT=" + hub_.base_url(), "HF_TOKEN=" + hub_.token(),
                                  "HF_HOME=" + (folder_ / "home").string()});
  }

  Names files(const std::string& revision = "main") const {
    Names names;
    for (const RepoTreeEntry& entry : client_.list_repo_tree(repo_, revision)) {
      if (entry.path != ".gitattributes") names.push_back(entry.path);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const TempDir folder_;
  const LocalHub hub_;
  const HubClient client_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"}};
  const Repo repo_{.id = {.owner = "demo", .name = "net"}};
};

TEST_F(PushFolderCommand, PushesOnceAndSaysWhereTo) {
  const Finished first = push({"--message", "By hand", "--private", "--card-tag", "shirts"});
  EXPECT_EQ(first.exit_code, 0) << first.errors;
  const RepoInfo info = client_.repo_info(repo_);
  EXPECT_EQ(first.output, "By hand: " + hub_.base_url() + "/demo/net/commit/" + info.sha + "\n");
  EXPECT_TRUE(info.private_);
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors", "notes.txt"}));
  EXPECT_NE(read_file(client_.hub_download(repo_, "README.md")).find("- shirts"),
            std::string::npos);
  EXPECT_NE(push().output.find("Nothing had changed; no commit was made."), std::string::npos);
  EXPECT_EQ(client_.list_repo_commits(repo_).size(), 2U);
}

TEST_F(PushFolderCommand, ListsAndWritesNothingOnADryRun) {
  const auto before = testing::everything_in(folder_.path());
  const Finished listed = push({"--dry-run", "--exclude", "notes*", "--revision", "v2"});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_EQ(listed.output,
            "Upload folder using torchhub -> demo/net (v2)\n"
            "           2  config.json\n"
            "           7  model.safetensors\n"
            "2 files, 9 bytes; what the Hub has already does not travel. README.md is settled "
            "with the one on the Hub.\n");
  EXPECT_EQ(testing::everything_in(folder_.path()), before);
  EXPECT_FALSE(client_.repo_exists(repo_));
  const Finished one = push({"--dry-run", "--include", "*.json"});
  EXPECT_NE(one.output.find("\n1 file, 2 bytes; "), std::string::npos) << one.output;
}

TEST_F(PushFolderCommand, TakesBranchTagAndPatterns) {
  const Finished done =
      push({"--revision", "v2", "--tag", "first", "--include", "*.json", "--include", "*.pt"});
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(files("v2"), (Names{"checkpoint-5", "checkpoint-5/optimizer.pt", "config.json"}));
  EXPECT_EQ(client_.repo_info(repo_, "first").sha, client_.repo_info(repo_, "v2").sha);
  EXPECT_EQ(files(), Names{});
}

TEST_F(PushFolderCommand, MovesNoTagAndSaysThatItStandsElsewhere) {
  push({"--tag", "v1"});
  const std::string first = client_.repo_info(repo_).sha;
  write_file_atomically(folder_ / "net/config.json", "{\"a\": 1}");
  EXPECT_EQ(push().exit_code, 0);
  write_file_atomically(folder_ / "net/config.json", "{\"a\": 2}");
  const Finished refused = push({"--tag", "v1"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("Tag 'v1' of 'demo/net' stands at commit " + first),
            std::string::npos)
      << refused.errors;
  EXPECT_EQ(client_.repo_info(repo_, "v1").sha, first);
}

TEST_F(PushFolderCommand, ReplacesTheCardOnlyWhenTold) {
  push();
  write_file_atomically(folder_ / "net/README.md", "# By hand\n");
  const Finished kept = push();
  EXPECT_NE(kept.errors.find("card_of_folder_not_pushed"), std::string::npos) << kept.errors;
  EXPECT_EQ(push({"--card", "overwrite"}).exit_code, 0);
  EXPECT_EQ(read_file(client_.hub_download(repo_, "README.md")), "# By hand\n");
}

TEST_F(PushFolderCommand, RefusesSecretsAndTooMuchAndNeverShowsTheToken) {
  for (const Names& more : {Names{}, Names{"--dry-run"}}) {
    Names words{"--max-size", "9"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished large = push(words);
    EXPECT_EQ(large.exit_code, 1);
    EXPECT_EQ(large.errors,
              "torchhub: '" + (folder_ / "net").string() +
                  "' has 10 bytes to push, more than the 9 that --max-size allows; nothing was "
                  "pushed. Its largest files: 'model.safetensors' (7), 'config.json' (2), "
                  "'notes.txt' (1). Leave files out with --exclude or --include, or give a larger "
                  "--max-size.\n");
  }
  write_file_atomically(folder_ / "net/config.yaml", hub_.token());
  for (const Names& more : {Names{}, Names{"--dry-run"}}) {
    const Finished secret = push(more);
    EXPECT_EQ(secret.exit_code, 1);
    EXPECT_NE(secret.errors.find("'config.yaml' holds a token"), std::string::npos)
        << secret.errors;
    EXPECT_EQ(secret.errors.find(hub_.token()), std::string::npos);
  }
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_F(PushFolderCommand, RefusesATagThatGitCannotHaveBeforeAnythingIsMade) {
  const Finished refused = push({"--tag", "bad tag"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.errors.find("'bad tag' is no name for a git tag"), std::string::npos)
      << refused.errors;
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_F(PushFolderCommand, RefusesACardThatCannotBeRead) {
  write_file_atomically(folder_ / "net/README.md", "---\ntags: [a\n---\n");
  const Finished refused = push();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("net/README.md: The front matter of a model card cannot be read"),
            std::string::npos)
      << refused.errors;
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_F(PushFolderCommand, LeavesNoEmptyRepositoryBehindAPullRequest) {
  const Finished refused = push({"--create-pr"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.errors.find("Repository 'demo/net' (model) not found"), std::string::npos)
      << refused.errors;
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_F(PushFolderCommand, NamesWhatIsWrongInItsWords) {
  EXPECT_EQ(push({"--card", "burn"}).exit_code, 2);
  EXPECT_EQ(push({"--max-size", "5Gb"}).exit_code, 2);
  const Finished both = push({"--tag", "v1", "--create-pr"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_NE(both.errors.find("tag cannot be set on a pull request"), std::string::npos);
  EXPECT_EQ(testing::run({TORCHHUB_EXECUTABLE, "push", "folder", "/no/such"}).exit_code, 2);
}

}  // namespace
}  // namespace torchhub
