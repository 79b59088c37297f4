// from_pretrained against a real hub on loopback.
#include "models/small_resnet.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "torchhub/hub/errors.h"
#include "torchhub/models/auto.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::message_of;
using testing::small_resnet;
using testing::TempDir;

class FromHub : public ::testing::Test {
 protected:
  FromHub() {
    torch::manual_seed(4);
    options.endpoint = hub.base_url();
    options.token = hub.token();
    options.cache_dir = folder / "cache";
    options.retry.max_retries = 0;
    HubClient(options).create_repo(repo);
  }

  /// Saves a fresh model and pushes it; @return the commit
  std::string push(const std::string& name, const SavePretrainedOptions& how = {}) {
    ResnetModelForImageClassification model(small_resnet());
    model.save_pretrained(folder / name, how);
    return HubClient(options).upload_folder(repo, folder / name).oid;
  }

  std::shared_ptr<PreTrainedModel> load(PretrainedOptions how = {}) const {
    how.hub = options;
    return AutoModelForImageClassification::from_pretrained("demo/resnet", how);
  }

  static at::Tensor first(const std::shared_ptr<PreTrainedModel>& model) {
    return model->named_state().front().second;
  }
  at::Tensor saved(const std::string& name) const {
    return first(AutoModelForImageClassification::from_pretrained((folder / name).string()));
  }

  TempDir folder;
  LocalHub hub;
  HubOptions options;
  Repo repo{.id = RepoId::parse("demo/resnet")};
};

TEST_F(FromHub, LoadsTheRevisionThatIsAskedForAlsoByItsFirstDigits) {
  const std::string old = push("old");
  const std::string current = push("new");
  EXPECT_TRUE(torch::equal(first(load()), saved("new")));
  for (const std::string& revision : {old, old.substr(0, 7)}) {
    SCOPED_TRACE(revision);
    const auto model = load({.revision = revision});
    EXPECT_TRUE(torch::equal(first(model), saved("old")));
    EXPECT_EQ(model->config().commit_hash, old);
    EXPECT_EQ(model->load_report().commit_hash, old);
    EXPECT_EQ(model->config().name_or_path, "demo/resnet");
  }
  EXPECT_NE(old, current);
}

TEST_F(FromHub, TakesEveryShardOfOneCommit) {
  push("sharded", {.max_shard_size = 200'000});
  const auto model = load();
  EXPECT_TRUE(torch::equal(first(model), saved("sharded")));
  EXPECT_TRUE(model->load_report().complete());
}

TEST_F(FromHub, NeedsNoHubForWhatTheCacheHas) {
  push("sharded", {.max_shard_size = 200'000});
  load();
  hub.stop();
  EXPECT_TRUE(torch::equal(first(load()), saved("sharded")));
  EXPECT_TRUE(torch::equal(first(load({.local_files_only = true})), saved("sharded")));
}

TEST_F(FromHub, SaysThatTheHubIsAwayIfTheCacheHasNothing) {
  hub.stop();
  EXPECT_THROW(load(), LocalEntryNotFoundError);
}

TEST_F(FromHub, KeepsTheTypesOfTheHubsOwnErrors) {
  EXPECT_THROW(load({.revision = "no-such-branch"}), RevisionNotFoundError);
  EXPECT_THROW(AutoConfig::from_pretrained("demo/nothing", {.hub = options}),
               RepositoryNotFoundError);
}

TEST_F(FromHub, NamesWhatTheRepoLacks) {
  EXPECT_EQ(message_of<ConfigError>([&] { load(); }),
            "'demo/resnet' at revision 'main' holds no config.json. Name a folder made by "
            "save_pretrained, or a repo of the hub that has one.");
  small_resnet().save_pretrained(folder / "bare");
  HubClient(options).upload_folder(repo, folder / "bare");
  EXPECT_EQ(
      message_of<ConfigError>([&] { load(); }),
      "'demo/resnet' at revision 'main' holds no weights: neither model.safetensors "
      "nor pytorch_model.bin, nor an index of either. Save the model with save_pretrained, or "
      "name the folder that has its weights.");
}

TEST_F(FromHub, PrefersAFolderOfThatName) {
  push("new");
  const TempDir here;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(here.path());
  ResnetModelForImageClassification local(small_resnet());
  local.save_pretrained("demo/resnet");
  const auto model = load();
  std::filesystem::current_path(before);
  EXPECT_TRUE(torch::equal(first(model), local.named_state().front().second));
}

TEST(ModelSource, SaysWhatAnImpossibleNameIs) {
  const std::string message = message_of<InvalidArgumentError>(
      [] { AutoConfig::from_pretrained("no/such/folder", {.hub = HubOptions{}}); });
  EXPECT_EQ(message.find("'no/such/folder' is no folder or file here, and no repo id either: "), 0U)
      << message;
}

}  // namespace
}  // namespace torchhub
