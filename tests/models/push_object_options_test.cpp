// What PushObjectOptions says reaches the Hub, of a model, of a config and of a save.
#include "models/small_resnet.h"
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/push_plan.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::small_resnet;
using Names = std::vector<std::string>;

enum class Pushed { model, config, save };

/// Each way to push an object as "net".
class PushObject : public ::testing::TestWithParam<Pushed> {
 protected:
  void push(PushObjectOptions options) const {
    options.hub = hub_options_;
    if (GetParam() == Pushed::config) {
      small_resnet().push_to_hub("net", options);
      return;
    }
    ResnetModelForImageClassification model(small_resnet());
    if (GetParam() == Pushed::model) {
      model.push_to_hub("net", options);
    } else {
      model.save_pretrained(folder_ / "net", {.push_to_hub = true, .push = options});
    }
  }

  const testing::TempDir folder_;
  testing::LocalHub hub_;
  const HubOptions hub_options_{.endpoint = hub_.base_url(),
                                .token = hub_.token(),
                                .cache_dir = folder_ / "cache",
                                .retry = {.max_retries = 0}};
  const HubClient client_{hub_options_};
  const Repo repo_{.id = RepoId::parse("demo/net")};
};

TEST_P(PushObject, GoesToTheBranchThatIsNamedAndMakesIt) {
  push({.revision = "trial"});
  EXPECT_TRUE(client_.file_exists(repo_, "config.json", "trial"));
  EXPECT_EQ(testing::commit_titles(client_, repo_), Names{"initial commit"}) << "of main";
}

TEST_P(PushObject, GoesToTheOrganizationThatIsNamed) {
  hub_.admin().create_organization("team", "demo");
  push({.organization = "team"});
  EXPECT_TRUE(client_.file_exists({.id = RepoId::parse("team/net")}, "config.json"));
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_P(PushObject, SaysOfItsCommitWhatItIsToSay) {
  push({.commit_message = "First", .commit_description = "Of shirts alone.\nNot of shoes."});
  const GitCommit commit = client_.list_repo_commits(repo_).front();
  EXPECT_EQ(commit.title, "First");
  EXPECT_EQ(commit.message, "Of shirts alone.\nNot of shoes.");
}

TEST_P(PushObject, IsRefusedAboveTheMostBytesAndMakesNothing) {
  const std::string message = message_of<PushTooLargeError>([&] { push({.max_bytes = 10}); });
  EXPECT_NE(message.find("config.json"), std::string::npos) << message;
  EXPECT_FALSE(client_.repo_exists(repo_));
  push({.max_bytes = 10'000'000});
  EXPECT_TRUE(client_.file_exists(repo_, "config.json"));
}

TEST_P(PushObject, AsksForAPullRequestAndCommitsToNoBranch) {
  client_.create_repo(repo_);
  push({.create_pr = true});
  EXPECT_EQ(testing::commit_titles(client_, repo_), Names{"initial commit"});
  EXPECT_TRUE(client_.file_exists(repo_, "config.json", "refs/pr/1"));
}

TEST_P(PushObject, NamesTheLibraryThatIsGivenOnItsCard) {
  push({.library_name = "shirts-cpp"});
  const std::string card = read_file(client_.hub_download(repo_, "README.md"));
  EXPECT_NE(card.find("\nlibrary_name: shirts-cpp\n"), std::string::npos) << card;
}

INSTANTIATE_TEST_SUITE_P(EachWay, PushObject,
                         ::testing::Values(Pushed::model, Pushed::config, Pushed::save),
                         [](const auto& way) {
                           return way.param == Pushed::model    ? "Model"
                                  : way.param == Pushed::config ? "Config"
                                                                : "Save";
                         });

}  // namespace
}  // namespace torchhub
