// push_to_hub of single objects against a real hub on loopback.
#include "models/small_resnet.h"
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "torchhub/hub/errors.h"
#include "torchhub/models/auto.h"
#include "torchhub/push/push_folder.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::small_resnet;
using testing::TempDir;
using Names = std::vector<std::string>;

class PushToHub : public ::testing::Test {
 protected:
  PushToHub() {
    torch::manual_seed(4);
    options_.endpoint = hub_.base_url();
    options_.token = hub_.token();
    options_.cache_dir = folder_ / "cache";
    options_.retry.max_retries = 0;
  }

  PushObjectOptions with(std::vector<std::string> tags) const {
    return {.hub = options_, .tags = std::move(tags)};
  }

  HubClient client() const { return HubClient(options_); }
  std::string card() const { return read_file(client().hub_download(repo_, "README.md")); }

  Names files() const {
    Names names;
    for (const RepoTreeEntry& entry : client().list_repo_tree(repo_)) {
      if (entry.path != ".gitattributes") names.push_back(entry.path);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Oldest first.
  Names titles() const { return testing::commit_titles(client(), repo_); }

  TempDir folder_;
  LocalHub hub_;
  HubOptions options_;
  const Repo repo_{.id = RepoId::parse("demo/resnet")};
};

TEST_F(PushToHub, OfModelAndConfigMakesPythonsCommitsAndOneCard) {
  ResnetModelForImageClassification model(small_resnet());
  const CommitInfo info = model.push_to_hub("resnet", with({"shirts"}));
  EXPECT_EQ(info.commit_message, "Upload model");
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors"}));
  const std::string made = card();
  ResnetConfig changed = small_resnet();
  changed.layers = {2};
  changed.push_to_hub("demo/resnet", with({"shirts"}));
  EXPECT_EQ(titles(), (Names{"initial commit", "Upload model", "Upload config"}));
  EXPECT_EQ(card(), made);
}

TEST_F(PushToHub, OfAModelAndThenOfItsTokenizerKeepsBoth) {
  ResnetModelForImageClassification(small_resnet()).push_to_hub("resnet", with({"shirts"}));
  const std::string made = card();
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    write_file_atomically(folder_ / "tokenizer" / file, file);
  }
  push_folder(client(), folder_ / "tokenizer",
              {.repo_id = "resnet", .commit_message = upload_message("BertTokenizerFast")});
  EXPECT_EQ(titles(), (Names{"initial commit", "Upload model", "Upload tokenizer"}));
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors", "tokenizer.json",
                            "tokenizer_config.json"}));
  EXPECT_EQ(card(), made);
}

TEST_F(PushToHub, BeginsWithTheLongCardFilledWithWhatTheModelKnows) {
  ResnetModelForImageClassification model(small_resnet());
  model.config().name_or_path = "demo/base";  // as from_pretrained() leaves it
  PushObjectOptions options = with({"shirts"});
  options.tag = "v1";
  model.push_to_hub("demo/resnet", options);
  const std::string made = card();
  for (const std::string& part :
       {std::string("library_name: torchhub\nbase_model: demo/base\ntags:\n- shirts\n---\n"),
        std::string("# Model Card for resnet\n"),
        std::string("A model that was saved and pushed with torchhub.\n"),
        std::string("- **Model type:** ResnetModelForImageClassification\n"),
        std::string("- **Finetuned from model [optional]:** demo/base\n"),
        "ResnetModelForImageClassification, " + std::to_string(model.num_parameters()) +
            " parameters\n",
        std::string("AutoModelForImageClassification::from_pretrained(\"demo/resnet\", "
                    "{.revision = \"v1\"});\n"),
        std::string("## Bias, Risks, and Limitations\n")}) {
    EXPECT_NE(made.find(part), std::string::npos) << part << " is not in\n" << made;
  }
}

TEST_F(PushToHub, NamesNoModelAsItsOwnBaseAndNoCodeForAConfig) {
  ResnetConfig config = small_resnet();
  config.name_or_path = "demo/resnet";
  config.push_to_hub("demo/resnet", with({}));
  EXPECT_EQ(card().find("base_model"), std::string::npos) << card();
  EXPECT_EQ(card().find("from_pretrained"), std::string::npos) << card();
  EXPECT_NE(card().find("- **Model type:** ResnetConfig\n"), std::string::npos) << card();
}

TEST_F(PushToHub, MakesTheCardThatTheCallerWants) {
  PushObjectOptions options = with({"shirts"});
  options.make_card = short_card;
  ResnetModelForImageClassification(small_resnet()).push_to_hub("demo/resnet", options);
  EXPECT_EQ(card(),
            "---\nlibrary_name: torchhub\ntags:\n- shirts\n---\n\n# resnet\n\n"
            "A model that was saved and pushed with torchhub.\n");
}

TEST_F(PushToHub, BringsTheWeightsThatTheModelHas) {
  ResnetModelForImageClassification model(small_resnet());
  model.push_to_hub("demo/resnet", with({}));
  const auto loaded =
      AutoModelForImageClassification::from_pretrained("demo/resnet", {.hub = options_});
  EXPECT_TRUE(
      torch::equal(loaded->named_state().front().second, model.named_state().front().second));
}

TEST_F(PushToHub, UnitesTheModelsTagsWithThoseOfTheCall) {
  ResnetModelForImageClassification model(small_resnet());
  model.add_model_tags({"shirts", "small"});
  model.add_model_tags({"small"});
  EXPECT_EQ(model.model_tags(), (Names{"shirts", "small"}));
  model.push_to_hub("demo/resnet", with({"small", "called"}));
  EXPECT_NE(card().find("tags:\n- shirts\n- small\n- called\n---"), std::string::npos) << card();
}

TEST_F(PushToHub, KeepsWhatPeopleWroteIntoTheCard) {
  client().create_repo(repo_);
  client().create_commit(
      repo_, {CommitOperationAdd::from_bytes("README.md", "---\nlicense: mit\n---\n# Mine\n")},
      {.commit_message = "by hand"});
  ResnetModelForImageClassification(small_resnet()).push_to_hub("demo/resnet", with({"shirts"}));
  EXPECT_EQ(card(), "---\nlicense: mit\ntags:\n- shirts\n---\n# Mine\n");
}

TEST_F(PushToHub, RemovesShardsThatANewPushDoesNotHave) {
  ResnetModelForImageClassification model(small_resnet());
  PushObjectOptions sharded = with({});
  sharded.max_shard_size = 200'000;
  model.push_to_hub("demo/resnet", sharded);
  EXPECT_GT(files().size(), 4U);
  model.push_to_hub("demo/resnet", with({}));
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors"}));
}

TEST_F(PushToHub, LeavesNoTemporaryFolderBehind) {
  const auto count = [] {
    Names left;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".tmp-torchhub-push")) left.push_back(name);
    }
    return left.size();
  };
  const std::size_t before = count();
  small_resnet().push_to_hub("demo/resnet", with({}));
  hub_.stop();
  EXPECT_THROW(small_resnet().push_to_hub("demo/resnet", with({})), ConnectionError);
  EXPECT_EQ(count(), before);
}

TEST_F(PushToHub, WhileSavingBringsOnlyWhatTheSaveWrote) {
  const std::filesystem::path folder = folder_ / "resnet";
  write_file_atomically(folder / "notes.txt", "an older file");
  ResnetModelForImageClassification model(small_resnet());
  model.save_pretrained(folder,
                        {.push_to_hub = true,
                         .push = {.hub = options_, .private_ = true, .commit_message = "First"}});
  EXPECT_EQ(files(), (Names{"README.md", "config.json", "model.safetensors"}));
  EXPECT_EQ(titles(), (Names{"initial commit", "First"}));
  EXPECT_TRUE(client().repo_info(repo_).private_);
  model.save_pretrained(folder, {.push_to_hub = true, .push = {.hub = options_}});
  EXPECT_EQ(titles().size(), 2U);  // the same bytes again
}

TEST_F(PushToHub, WhileSavingLeavesTheSavedFilesThereIfTheHubIsAway) {
  hub_.stop();
  ResnetModelForImageClassification model(small_resnet());
  EXPECT_THROW(
      model.save_pretrained(folder_ / "resnet", {.push_to_hub = true, .push = {.hub = options_}}),
      ConnectionError);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "resnet/config.json"));
}

}  // namespace
}  // namespace torchhub
