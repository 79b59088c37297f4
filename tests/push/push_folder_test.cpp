#include "torchhub/push/push_folder.h"

#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/card/errors.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/secrets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::LocalHub;
using testing::message_of;
using testing::TempDir;
using Names = std::vector<std::string>;

/// A folder "net" with a small model in it.
class PushFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    write("config.json", "{}");
    write("model.safetensors", "weights");
  }

  void write(const fs::path& path, const std::string& text) const {
    write_file_atomically(net_ / path, text);
  }

  CommitInfo push(PushFolderOptions options = {}) const {
    if (options.repo_id.empty()) options.repo_id = "demo/net";
    return push_folder(client_, net_, options);
  }

  /// Somebody's commit.
  void commit(const std::string& path, const std::string& text,
              const std::string& branch = "main") const {
    client_.create_commit(repo_, {CommitOperationAdd::from_bytes(path, text)},
                          {.commit_message = "by hand", .revision = branch});
  }

  std::optional<std::string> on_hub(const std::string& path,
                                    const std::string& revision = "main") const {
    if (!client_.file_exists(repo_, path, revision)) return std::nullopt;
    return read_file(client_.hub_download(repo_, path, {.revision = revision}));
  }

  Names files(const std::string& revision = "main") const {
    Names names;
    for (const RepoTreeEntry& entry : client_.list_repo_tree(repo_, revision)) {
      if (entry.type == RepoTreeEntry::Type::file && entry.path != ".gitattributes") {
        names.push_back(entry.path);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Oldest first.
  Names titles(const std::string& revision = "main") const {
    return testing::commit_titles(client_, repo_, revision);
  }

  const TempDir folder_;
  const fs::path net_ = folder_ / "net";
  LocalHub hub_;
  const HubClient client_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"}};
  const Repo repo_{.id = {.owner = "demo", .name = "net"}};
};

TEST_F(PushFolder, MakesOneCommitWithACardAndNoneTheSecondTime) {
  const CommitInfo info = push({.tags = {"shirts", "resnet"}});
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors"}));
  EXPECT_EQ(titles(), (Names{"initial commit", "Upload folder using torchhub"}));
  EXPECT_EQ(on_hub("README.md"),
            "---\nlibrary_name: torchhub\ntags:\n- shirts\n- resnet\n---\n\n# net\n\n"
            "A model that was saved and pushed with torchhub.\n");
  EXPECT_EQ(info.commit_url, hub_.base_url() + "/demo/net/commit/" + info.oid);
  const CommitInfo again = push({.tags = {"shirts"}});
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.oid, info.oid);
}

TEST_F(PushFolder, SendsMessageAndDescription) {
  push({.commit_message = "Upload model", .commit_description = "two\nlines"});
  const GitCommit head = client_.list_repo_commits(repo_).front();
  EXPECT_EQ(head.title, "Upload model");
  EXPECT_EQ(head.message, "two\nlines");
}

TEST_F(PushFolder, AddsTagsToTheCardOnTheHubAndNothingElse) {
  client_.create_repo(repo_);
  const std::string card =
      "---\nlicense: mit  # as agreed\ntags: [shirts]\n---\n# My  net\n\nMine.";
  commit("README.md", card);
  push();
  EXPECT_EQ(on_hub("README.md"), card);
  push({.tags = {"shirts", "resnet"}});
  EXPECT_EQ(on_hub("README.md"),
            "---\nlicense: mit  # as agreed\ntags:\n- shirts\n- resnet\n---\n# My  net\n\nMine.");
}

TEST_F(PushFolder, ReadsTheCardOfTheBranchThatItPushesTo) {
  client_.create_repo(repo_);
  commit("README.md", "# Of main\n");
  client_.create_branch(repo_, "v2");
  commit("README.md", "# Of v2\n", "v2");
  push({.revision = "v2", .tags = {"new"}});
  EXPECT_EQ(on_hub("README.md", "v2"), "---\ntags:\n- new\n---\n\n# Of v2\n");
  EXPECT_EQ(on_hub("README.md"), "# Of main\n");
}

TEST_F(PushFolder, TakesTheFoldersCardWhereTheBranchHasNone) {
  write("README.md", "# Own words\n");
  push({.tags = {"a"}});
  EXPECT_EQ(on_hub("README.md"), "---\ntags:\n- a\n---\n\n# Own words\n");
}

TEST_F(PushFolder, ReplacesTheCardOnTheHubOnlyWhenTold) {
  write("README.md", "# First\n");
  push();
  write("README.md", "# Second\n");
  push();
  EXPECT_EQ(on_hub("README.md"), "# First\n");
  push({.card_mode = CardMode::overwrite});
  EXPECT_EQ(on_hub("README.md"), "# Second\n");
}

TEST_F(PushFolder, MakesTheCardThatTheCallerWants) {
  push({.tags = {"a"}, .make_card = [](const NewCard& card) {
          return "# " + card.model_name + " by " + card.library_name + "\n";
        }});
  EXPECT_EQ(on_hub("README.md"), "---\ntags:\n- a\n---\n\n# net by torchhub\n");
}

TEST_F(PushFolder, LeavesACardThatCannotBeReadToTheHubButRefusesTheFolders) {
  client_.create_repo(repo_);
  commit("notes.txt", "x");
  write("README.md", "---\ntags: [\n---\n# broken\n");
  const std::string message = message_of<ModelCardError>([&] { push(); });
  EXPECT_NE(message.find((net_ / "README.md").string()), std::string::npos) << message;
  EXPECT_EQ(files(), Names{"notes.txt"});
}

TEST_F(PushFolder, MakesTheBranchAndCommitsThereAlone) {
  push({.revision = "runs/one"});
  EXPECT_EQ(titles("runs/one"), (Names{"initial commit", "Upload folder using torchhub"}));
  EXPECT_EQ(titles(), Names{"initial commit"});
  write("config.json", "{\"changed\": 1}");
  push({.revision = "runs/one"});
  EXPECT_EQ(titles("runs/one").size(), 3U);
}

TEST_F(PushFolder, SetsAGitTagOnceAndNeverMovesIt) {
  const CommitInfo first = push({.tag = "v1"});
  EXPECT_EQ(client_.repo_info(repo_, "v1").sha, first.oid);
  EXPECT_EQ(push({.tag = "v1"}).oid, first.oid);
  write("config.json", "{\"changed\": 1}");
  push();
  write("config.json", "{\"changed\": 2}");
  const std::string message = message_of<TagTakenError>([&] { push({.tag = "v1"}); });
  EXPECT_NE(message.find("'v1' of 'demo/net' stands at commit " + first.oid), std::string::npos)
      << message;
  EXPECT_EQ(titles().size(), 3U);
  EXPECT_EQ(client_.repo_info(repo_, "v1").sha, first.oid);
}

TEST_F(PushFolder, SaysOfATagAtTheHeadThatTheCommitWasMadeWithoutIt) {
  const CommitInfo first = push({.tag = "v1"});
  write("config.json", "{\"changed\": 1}");
  const std::string message = message_of<TagTakenError>([&] { push({.tag = "v1"}); });
  EXPECT_EQ(message.find("Commit " + client_.repo_info(repo_).sha + " was made, but not its tag: "),
            0U)
      << message;
  EXPECT_EQ(titles().size(), 3U);
  EXPECT_EQ(client_.repo_info(repo_, "v1").sha, first.oid);
}

TEST_F(PushFolder, MakesAPrivateRepositoryAndLeavesOneThatIsThereAsItIs) {
  push({.private_ = true});
  EXPECT_TRUE(client_.repo_info(repo_).private_);
  push({.private_ = false});
  EXPECT_TRUE(client_.repo_info(repo_).private_);
}

TEST_F(PushFolder, FindsOwnerAndNameWhereNoneIsGiven) {
  push_folder(client_, net_ / "", {});
  EXPECT_TRUE(client_.file_exists(repo_, "config.json"));
  push_folder(client_, net_, {.repo_id = "other", .organization = "demo"});
  EXPECT_TRUE(client_.repo_exists({.id = RepoId::parse("demo/other")}));
}

TEST_F(PushFolder, LeavesOutWhatIsNobodysBusiness) {
  for (const char* path : {".git/config", ".cache/huggingface/x", "_torchhub/pushes/target.json",
                           ".tmp-1/x", "sub/.tmp-2", "training_args.bin", "sub/training_args.bin",
                           "checkpoint-5/model.safetensors", "_notes.txt"}) {
    write(path, "x");
  }
  write("runs/a/b/events", "kept");
  push();
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors", "runs/a/b/events"}));
}

TEST_F(PushFolder, TakesWhatThePatternsSay) {
  write("notes.txt", "x");
  write("secret.json", "x");
  push({.filter = {.allow = {"*.json"}, .ignore = {"secret*"}}});
  EXPECT_EQ(files(), Names{"config.json"});
}

TEST_F(PushFolder, RefusesAFileThatHoldsATokenUnlessItIsLeftOut) {
  write("run/config.yaml", "token: " + hub_.token());
  const std::string message = message_of<SecretFoundError>([&] { push(); });
  EXPECT_EQ(message.find(hub_.token()), std::string::npos);
  EXPECT_FALSE(client_.repo_exists(repo_));
  push({.filter = {.ignore = {"run/*"}}});
  EXPECT_TRUE(client_.file_exists(repo_, "config.json"));
}

TEST_F(PushFolder, RefusesMoreBytesThanAllowedBeforeAnythingHappens) {
  const std::string message = message_of<PushTooLargeError>([&] { push({.max_bytes = 8}); });
  EXPECT_NE(message.find("has 9 bytes to push, more than the 8 of max_bytes; nothing was pushed. "
                         "Its largest files: 'model.safetensors' (7), 'config.json' (2)."),
            std::string::npos)
      << message;
  EXPECT_FALSE(client_.repo_exists(repo_));
  EXPECT_NO_THROW(push({.max_bytes = 9}));
}

TEST_F(PushFolder, RemovesShardsOfAnOlderSaveButNotThoseThatItOnlyLeavesOut) {
  client_.create_repo(repo_);
  commit("model-00001-of-00002.safetensors", "old");
  commit("sub/model-00001-of-00002.safetensors", "of something else");
  push();
  EXPECT_EQ(on_hub("model-00001-of-00002.safetensors"), std::nullopt);
  EXPECT_TRUE(on_hub("sub/model-00001-of-00002.safetensors").has_value());
  write("model-00001-of-00001.safetensors", "new");
  push({.filter = {.ignore = {"model.safetensors"}}});
  EXPECT_TRUE(on_hub("model.safetensors").has_value());
}

TEST_F(PushFolder, CommitsOnlyWhatHasChangedSinceTheStampsWereTaken) {
  client_.create_repo(repo_);
  const FileStamps before = pushable_files(net_);
  write("config.json", "{\"changed\": 1}");
  push({.unless_as = before});
  EXPECT_EQ(files(), (Names{"README.md", "config.json"}));
}

TEST_F(PushFolder, FailsWithoutTheRightToWriteAndChangesNothing) {
  push();
  const HubClient reader(
      {.endpoint = hub_.base_url(), .token = hub_.read_token(), .cache_dir = folder_ / "cache"});
  write("config.json", "{\"changed\": 1}");
  EXPECT_THROW(push_folder(reader, net_, {.repo_id = "demo/net", .revision = "b"}), ForbiddenError);
  EXPECT_THROW(push_folder(reader, net_, {.repo_id = "demo/net"}), ForbiddenError);
  EXPECT_EQ(titles().size(), 2U);
}

}  // namespace
}  // namespace torchhub
