#include "torchhub/callbacks/loop_pusher.h"

#include "callbacks/looping.h"
#include "support/message_of.h"
#include "support/tiny_model.h"
#include "torchhub/training/checkpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using LoopPushes = testing::Looping;
using testing::message_of;
using Names = std::vector<std::string>;

TEST_F(LoopPushes, CountsEpochsFromOne) {  // HD-13
  LoopPusher pusher(options());
  pusher.on_train_begin();
  for (const int n : {1, 2}) {
    epoch(pusher, "epoch " + std::to_string(n), 1.0 / n);
    wait_for_commit("Training in progress epoch " + std::to_string(n));
    EXPECT_EQ(on_hub("model.safetensors"), "epoch " + std::to_string(n));
  }
  weights_ = "best";
  const std::vector<PushOutcome> outcomes = pusher.on_train_end();
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress epoch 1",
                             "Training in progress epoch 2", "End of training"}));
  EXPECT_EQ(on_hub("model.safetensors"), "best");
  EXPECT_EQ(outcomes.size(), 3U);
  EXPECT_TRUE(pusher.pushed_all());
  EXPECT_EQ(pusher.repo(), repo_);
}

TEST_F(LoopPushes, CountsStepsOverAllEpochs) {  // HD-13
  LoopPusherOptions steps = options();
  steps.save_strategy = IntervalStrategy::steps;
  steps.save_steps = 2;
  LoopPusher pusher(std::move(steps));
  pusher.on_train_begin();
  for (const std::int64_t n : {1, 2, 3, 4, 5, 6}) {
    weights_ = "step " + std::to_string(n);
    pusher.on_batch_end();
    if (n % 2 == 0) wait_for_commit("Training in progress steps " + std::to_string(n));
    if (n % 3 == 0) pusher.on_epoch_end({{"loss", 0.5}});
  }
  pusher.on_train_end();
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress steps 2",
                             "Training in progress steps 4", "Training in progress steps 6",
                             "End of training"}));  // which brings the second epoch's row
  EXPECT_EQ(on_hub("model.safetensors"), "step 6");
}

TEST_F(LoopPushes, PushesOnlyTheEndWithStrategyNo) {
  LoopPusherOptions only_end = options();
  only_end.save_strategy = IntervalStrategy::no;
  LoopPusher pusher(std::move(only_end));
  pusher.on_train_begin();
  epoch(pusher, "epoch 1", 0.5);
  EXPECT_FALSE(fs::exists(output_dir_ / "model.safetensors"));
  pusher.on_train_end();
  EXPECT_EQ(titles(), (Names{"initial commit", "End of training"}));
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 1");
}

TEST_F(LoopPushes, MakesNoCommitAtTheEndWhereNothingIsNew) {
  LoopPusherOptions of_no_progress = options();
  of_no_progress.card_progress = false;
  LoopPusher pusher(std::move(of_no_progress));
  pusher.on_train_begin();
  epoch(pusher, "epoch 1", 0.5);
  wait_for_commit("Training in progress epoch 1");
  pusher.on_train_end();
  EXPECT_EQ(titles().size(), 2U);
  EXPECT_TRUE(pusher.pushed_all());
}

TEST_F(LoopPushes, SaysOnItsCardThatTrainingGoesOnAndTakesThatBack) {
  LoopPusher pusher(options());
  pusher.on_train_begin();
  epoch(pusher, "epoch 1", 0.5);
  wait_for_commit("Training in progress epoch 1");
  EXPECT_NE(
      on_hub("README.md")
          .find(fmt::format("\nTraining is in progress: these are the weights after update {}.\n",
                            pusher.global_step())),
      std::string::npos);
  pusher.on_train_end();
  EXPECT_EQ(titles().back(), "End of training");
  EXPECT_FALSE(says_in_progress(on_hub("README.md")));
}

TEST_F(LoopPushes, EndsBeforeTheFirstEpochDoes) {  // HD-15
  LoopPusher pusher(options());
  pusher.on_train_begin();
  pusher.on_batch_end();
  pusher.on_train_end();
  EXPECT_EQ(titles(), (Names{"initial commit", "End of training"}));
  EXPECT_EQ(on_hub("model.safetensors"), "fresh");
  EXPECT_NE(on_hub("README.md").find("# demo/net\n"), std::string::npos);
}

TEST_F(LoopPushes, RefusesWhatCannotBeAllAtOnce) {
  LoopPusherOptions bad{.save_strategy = IntervalStrategy::steps,
                        .save_steps = 0,
                        .processing_files = {folder_ / "nothing"},
                        .checkpoint = true};
  EXPECT_EQ(problems(bad),
            (Names{"output_dir is required.", "Either model or save_model is required.",
                   "save_strategy 'steps' needs save_steps, a number above 0.",
                   "checkpoint goes with save_strategy 'epoch' alone, not with 'steps'.",
                   "checkpoint needs save_checkpoint, which writes what the loop goes on from "
                   "besides the model, such as the optimizer.",
                   "processing_files holds '" + (folder_ / "nothing").string() +
                       "', which is no file."}));
  bad = options();
  bad.save_strategy = IntervalStrategy::steps;
  EXPECT_NE(message_of<InvalidArgumentError>([&] { LoopPusher pusher(bad); }).find("save_steps"),
            std::string::npos);
  EXPECT_FALSE(client().repo_exists(repo_));
  EXPECT_TRUE(problems(options()).empty());
  EXPECT_TRUE(problems(with_checkpoint()).empty());
}

TEST_F(LoopPushes, GoWhereTheyAreTold) {
  LoopPusherOptions elsewhere = options();
  elsewhere.hub->token = std::nullopt;
  elsewhere.hub_token = hub_.token();
  elsewhere.hub_model_id = "demo/other";
  elsewhere.hub_private_repo = true;
  elsewhere.hub_revision = "trial";
  LoopPusher pusher(std::move(elsewhere));
  pusher.on_train_end();
  EXPECT_EQ(pusher.repo(), (Repo{.id = RepoId::parse("demo/other")}));
  EXPECT_TRUE(client().repo_info(pusher.repo()).private_);
  EXPECT_TRUE(client().file_exists(pusher.repo(), "model.safetensors", "trial"));
  EXPECT_FALSE(client().file_exists(pusher.repo(), "model.safetensors"));
}

TEST_F(LoopPushes, GoToAnOrganizationWhereTheUserMayWrite) {
  const std::string token = hub_.create_user("ana");
  hub_.admin().create_organization("team", "demo");
  hub_.admin().set_member("team", "ana", OrganizationRole::write);
  LoopPusherOptions of_ana = options();
  of_ana.hub_token = token;
  of_ana.hub_model_id = "team/x";
  LoopPusher pusher(std::move(of_ana));
  const Repo theirs{.id = RepoId::parse("team/x")};
  EXPECT_EQ(pusher.repo(), theirs);
  pusher.on_train_begin();
  epoch(pusher, "epoch 1", 0.5);
  pusher.on_train_end();
  EXPECT_TRUE(pusher.pushed_all());
  EXPECT_EQ(testing::commit_titles(client(), theirs).back(), "End of training");
  EXPECT_EQ(read_file(client().hub_download(theirs, "model.safetensors")), "epoch 1");
  const std::string card = read_file(client().hub_download(theirs, "README.md"));
  EXPECT_NE(card.find("\n# team/x\n"), std::string::npos) << card;
}

TEST_F(LoopPushes, BringsTheFilesThatBelongToTheModel) {
  write_file_atomically(folder_ / "tokenizer.json", "{}");
  LoopPusherOptions with_tokenizer = options();
  with_tokenizer.processing_files = {folder_ / "tokenizer.json"};
  LoopPusher pusher(std::move(with_tokenizer));
  pusher.on_train_end();
  EXPECT_EQ(on_hub("tokenizer.json"), "{}");
  EXPECT_EQ(read_file(output_dir_ / "tokenizer.json"), "{}");
}

TEST_F(LoopPushes, LeavesNoOlderFormOfTheWeights) {
  LoopPusherOptions sharded = options();
  sharded.save_model = [this](const fs::path& folder) {
    write_file_atomically(
        folder / (weights_ == "fresh" ? "model.safetensors" : "model-00001-of-00001.safetensors"),
        weights_);
  };
  LoopPusher pusher(std::move(sharded));
  epoch(pusher, "fresh", 0.5);
  wait_for_commit("Training in progress epoch 1");
  weights_ = "in shards";
  pusher.on_train_end();
  EXPECT_FALSE(fs::exists(output_dir_ / "model.safetensors"));
  EXPECT_FALSE(client().file_exists(repo_, "model.safetensors"));
  EXPECT_EQ(on_hub("model-00001-of-00001.safetensors"), "in shards");
}

TEST_F(LoopPushes, KeepsACheckpointThatALoopGoesOnFrom) {
  {
    LoopPusher pusher(with_checkpoint());
    pusher.on_train_begin();
    epoch(pusher, "epoch 1", 0.5);
    epoch(pusher, "epoch 2", 0.25);
    pusher.on_train_end();
  }
  EXPECT_EQ(on_hub("checkpoint/optimizer.pt"), "epoch 2 moments");
  const LoopCheckpoint found = find_loop_checkpoint(client().snapshot_download(repo_)).value();
  EXPECT_EQ(found.epoch(), 2);
  EXPECT_EQ(found.global_step, 6);
  EXPECT_EQ(read_file(found.folder / "model.safetensors"), "epoch 2");
  EXPECT_EQ(read_file(found.folder / "epoch.txt"), "2");
  ASSERT_EQ(found.history.size(), 2U);
  EXPECT_EQ(found.history[1], (Metrics{{"loss", 0.25}}));

  LoopPusher resumed(with_checkpoint());
  resumed.on_train_begin(*find_loop_checkpoint(output_dir_));
  epoch(resumed, "epoch 3", 0.125);
  resumed.on_train_end();
  EXPECT_EQ(resumed.global_step(), 9);
  const std::string card = on_hub("README.md");
  EXPECT_NE(card.find("| 0.5        | 1     |\n| 0.25       | 2     |\n| 0.125      | 3     |\n"),
            std::string::npos)
      << card;
}

TEST_F(LoopPushes, KnowNoCheckpointWhereThereIsNoneAndNameADamagedOne) {
  EXPECT_FALSE(find_loop_checkpoint(output_dir_));
  const fs::path state = output_dir_ / "checkpoint/loop_state.json";
  for (const char* text : {"", "[]", R"({"epoch": 1, "global_step": 3, "history": []})"}) {
    write_file_atomically(state, text);
    EXPECT_EQ(message_of<CheckpointError>([&] { find_loop_checkpoint(output_dir_); }),
              "'" + state.string() +
                  "' is not as LoopPusher writes it. Go on from another checkpoint, or remove the "
                  "folder to start afresh.")
        << text;
  }
}

TEST_F(LoopPushes, SayInTheCardWhatEachEpochBrought) {
  LoopPusherOptions named = options();
  named.card.license = "mit";
  named.card.hyperparameters = {{"optimizer", "{'name': 'Adam'}"},
                                {"training_precision", "float32"}};
  named.card.framework_versions = {{"torchhub", "1"}};
  LoopPusher pusher(std::move(named));
  Metrics first{{"loss", 0.512345}};
  first.set("seen", 3);
  first.set("val_loss", 0.625);
  pusher.on_epoch_end(first);
  pusher.on_epoch_end({{"loss", 0.25}, {"val_loss", 0.5}});
  pusher.on_train_end();
  EXPECT_EQ(
      on_hub("README.md"),
      "---\nlibrary_name: torchhub\nlicense: mit\ntags:\n- generated_from_keras_callback\n"
      "model-index:\n- name: demo/net\n  results: []\n---\n\n"
      "<!-- This model card has been generated automatically according to the information "
      "Keras had access to. You should\nprobably proofread and complete it, then remove this "
      "comment. -->\n\n# demo/net\n\n"
      "This model was trained from scratch on an unknown dataset.\n"
      "It achieves the following results on the evaluation set:\n- Train Loss: 0.25\n"
      "- Validation Loss: 0.5\n- Epoch: 2\n\n## Model description\n\nMore information needed\n\n"
      "## Intended uses & limitations\n\nMore information needed\n\n"
      "## Training and evaluation data\n\nMore information needed\n\n"
      "## Training procedure\n\n### Training hyperparameters\n\n"
      "The following hyperparameters were used during training:\n"
      "- optimizer: {'name': 'Adam'}\n- training_precision: float32\n\n"
      "### Training results\n\n"
      "| Train Loss | Train Seen | Validation Loss | Epoch |\n"
      "|:----------:|:----------:|:---------------:|:-----:|\n"
      "| 0.5123     | 3          | 0.625           | 1     |\n"
      "| 0.25       |            | 0.5             | 2     |\n\n\n"
      "### Framework versions\n\n- torchhub 1\n");
}

TEST_F(LoopPushes, SaveAModelOfOursByItself) {
  const auto model = testing::tiny_model();
  {
    const torch::NoGradGuard no_grad;
    model->parameters().front().add_(1);
  }
  LoopPusher pusher({.output_dir = output_dir_, .model = model, .hub = hub_options_});
  pusher.on_epoch_end();
  pusher.on_train_end();
  const fs::path pushed = client().snapshot_download(repo_);
  const auto loaded = testing::tiny_model(0.5);
  loaded->load_state(pushed);
  EXPECT_TRUE(testing::same_state(*loaded, *model));
  const std::string card = read_file(pushed / "README.md");
  EXPECT_NE(card.find("- training_precision: float32\n"), std::string::npos) << card;
  EXPECT_NE(card.find("- torchhub "), std::string::npos);
}

}  // namespace
}  // namespace torchhub
