#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::LocalHub;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Names = std::vector<std::string>;

class PushToHub : public ::testing::Test {
 protected:
  HubOptions options() const {
    return {.endpoint = hub_.base_url(),
            .token = hub_.token(),
            .cache_dir = folder_ / "cache",
            .retry = {.max_retries = 1, .first_wait = std::chrono::milliseconds(1)}};
  }

  Trainer trainer(HubStrategy strategy) { return Trainer(trainer_options(strategy)); }

  TrainerOptions trainer_options(HubStrategy strategy) const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "tiny",
                     .max_steps = 4,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .eval_strategy = IntervalStrategy::steps,
                     .eval_steps = 2,
                     .save_steps = 2,
                     .push_to_hub = true,
                     .hub_strategy = strategy,
                     .hub_always_push = true},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(8),
            .compute_metrics = metrics::accuracy,
            .hub = options(),
            .card = {.model_name = {}, .license = "mit"}};
  }

  /// Oldest first.
  Names titles() const { return testing::commit_titles(client(), repo_); }

  std::set<std::string> files() const {
    std::set<std::string> paths;
    for (const RepoTreeEntry& entry : client().list_repo_tree(repo_)) {
      if (entry.type == RepoTreeEntry::Type::file) paths.insert(entry.path);
    }
    return paths;
  }

  HubClient client() const { return HubClient(options()); }

  TempDir folder_;
  mutable LocalHub hub_;
  Repo repo_{.id = {.owner = "demo", .name = "tiny"}};
};

TEST_F(PushToHub, MakesOneCommitForEachSaveWithPythonsMessages) {
  const TrainOutput out = trainer(HubStrategy::every_save).train();
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 2",
                             "Training in progress, step 4"}));
  EXPECT_EQ(out.pushes.size(), 2U);
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(files(),
            (std::set<std::string>{".gitattributes", "README.md", "config.json",
                                   "model.safetensors", "training.svg", "training_args.json"}));
}

TEST_F(PushToHub, BringsWhatLiesInOutputDirButForWhatIsIgnored) {
  for (const char* path : {"runs/Nov26/events.out", "notes.txt", "_private/key", "_draft.txt",
                           ".cache/x", "sub/.tmp-half", ".git/HEAD", "checkpoint-old/x"}) {
    write_file_atomically(folder_ / "tiny" / path, "x");
  }
  trainer(HubStrategy::every_save).train();
  EXPECT_EQ(files(),
            (std::set<std::string>{".gitattributes", "README.md", "config.json",
                                   "model.safetensors", "notes.txt", "runs/Nov26/events.out",
                                   "training.svg", "training_args.json"}));
}

TEST_F(PushToHub, NamesTheRepositoryAfterTheLastPartOfOutputDir) {
  const std::string here = fs::current_path().filename().string();
  for (const auto& [output_dir, name] :
       std::map<std::string, std::string>{{"runs/tiny", "tiny"},
                                          {"runs/tiny/", "tiny"},
                                          {"./tiny", "tiny"},
                                          {"runs/other/../tiny", "tiny"},
                                          {".", here},
                                          {"./", here}}) {
    EXPECT_EQ(PushToHubCallback::default_name(output_dir), name) << output_dir;
  }
}

TEST_F(PushToHub, PutsTheCheckpointBesideTheModelInTheSameCommit) {
  trainer(HubStrategy::checkpoint).train();
  const auto paths = files();
  for (const char* file : {"model.safetensors", "last-checkpoint/model.safetensors",
                           "last-checkpoint/optimizer.pt", "last-checkpoint/scheduler.pt",
                           "last-checkpoint/rng_state.pth", "last-checkpoint/trainer_state.json"}) {
    EXPECT_TRUE(paths.contains(file)) << file;
  }
  EXPECT_EQ(titles().size(), 3U);
}

TEST_F(PushToHub, KeepsEveryCheckpointWithAllCheckpoints) {
  trainer(HubStrategy::all_checkpoints).train();
  EXPECT_TRUE(files().contains("checkpoint-2/trainer_state.json"));
  EXPECT_TRUE(files().contains("checkpoint-4/trainer_state.json"));
}

TEST_F(PushToHub, PushesOnceAtTheEndWithStrategyEnd) {
  const TrainOutput out = trainer(HubStrategy::end).train();
  EXPECT_EQ(titles(), (Names{"initial commit", "End of training"}));
  EXPECT_TRUE(out.pushed_all());
  EXPECT_TRUE(files().contains("model.safetensors"));
}

TEST_F(PushToHub, EndsWithACardThatStatesTheResults) {
  Trainer t = trainer(HubStrategy::every_save);
  t.train();
  write_file_atomically(folder_ / "tiny/notes.txt", "for the repository");
  const CommitInfo commit = t.push_to_hub();
  EXPECT_EQ(titles().back(), "End of training");
  EXPECT_TRUE(files().contains("notes.txt"));
  const ModelCard card =
      ModelCard::load(client().hub_download(repo_, "README.md", {.revision = commit.oid}));
  EXPECT_EQ(card.words("license"), Names{"mit"});
  EXPECT_NE(card.text().find("- training_steps: 4"), std::string::npos);
  const double accuracy = t.evaluate().at("eval_accuracy");
  EXPECT_NE(card.text().find(fmt::format("- Accuracy: {}", accuracy).substr(0, 16)),
            std::string::npos)
      << accuracy << card.text();
}

TEST_F(PushToHub, PushesWhatTheUserSavesWithPythonsMessage) {
  Trainer t = trainer(HubStrategy::end);
  t.save_model();
  EXPECT_EQ(titles(), (Names{"initial commit", "Model save"}));
  EXPECT_TRUE(files().contains("model.safetensors"));
  t.train();
  EXPECT_EQ(titles(), (Names{"initial commit", "Model save", "End of training"}));
}

TEST_F(PushToHub, GoesToTheRepositoryThatInitHfRepoNames) {
  TrainerOptions o = trainer_options(HubStrategy::end);
  o.init_hf_repo = [](const HubClient& hub) {
    return hub.create_repo({.id = RepoId::parse("team-model")}, {.private_ = true}).repo;
  };
  Trainer(std::move(o)).train();
  EXPECT_FALSE(client().repo_exists(repo_));
  repo_.id.name = "team-model";
  EXPECT_EQ(titles().back(), "End of training");
}

TEST_F(PushToHub, BringsFilesThatBelongToTheModel) {
  write_file_atomically(folder_ / "tokenizer.json", "{}");
  for (const HubStrategy strategy : {HubStrategy::every_save, HubStrategy::end}) {
    fs::remove_all(folder_ / "tiny");
    TrainerOptions o = trainer_options(strategy);
    o.processing_files = {folder_ / "tokenizer.json"};
    o.args.hub_model_id = strategy == HubStrategy::end ? "tiny-end" : "tiny";
    Trainer(o).train();
    EXPECT_EQ(fs::exists(folder_ / "tiny/checkpoint-4/tokenizer.json"), true);
    repo_.id.name = *o.args.hub_model_id;
    EXPECT_TRUE(files().contains("tokenizer.json")) << to_string(strategy);
    EXPECT_FALSE(files().contains("optimizer.pt"));
  }
}

TEST_F(PushToHub, MakesNoCommitWhereNothingIsNew) {
  Trainer t = trainer(HubStrategy::every_save);
  t.train();
  const std::string head = t.push_to_hub().oid;  // its card names the commit of the last save
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 2",
                             "Training in progress, step 4", "End of training"}));
  EXPECT_EQ(t.push_to_hub().oid, head);
  EXPECT_EQ(titles().size(), 4U);
}

TEST_F(PushToHub, LoadsWhatWasPushedAtAPinnedRevision) {
  Trainer t = trainer(HubStrategy::every_save);
  const TrainOutput out = t.train();
  const fs::path file = client().hub_download(repo_, "model.safetensors",
                                              {.revision = *out.pushes.back().commit_oid});
  EXPECT_EQ(read_file(file), read_file(folder_ / "tiny/checkpoint-4/model.safetensors"));
}

TEST_F(PushToHub, DeletesWhatTheReplacedCheckpointNoLongerHas) {
  Trainer t = trainer(HubStrategy::checkpoint);
  const HubClient hub = client();
  hub.create_commit(
      repo_,
      {CommitOperationAdd::from_bytes("last-checkpoint/model-00002-of-00002.safetensors", "x"),
       CommitOperationAdd::from_bytes("notes.txt", "mine")},
      {.commit_message = "an older form"});
  t.train();
  EXPECT_FALSE(files().contains("last-checkpoint/model-00002-of-00002.safetensors"));
  EXPECT_TRUE(files().contains("notes.txt"));
}

TEST_F(PushToHub, TrainsToTheEndAndReportsWhenTheHubGoesAway) {
  Trainer t = trainer(HubStrategy::every_save);
  hub_.stop();
  const TrainOutput out = t.train();
  EXPECT_EQ(out.global_step, 4);
  EXPECT_FALSE(out.pushed_all());
  EXPECT_FALSE(out.pushes.back().error.empty());
  EXPECT_NE(out.full_report().find("NOT on the Hub"), std::string::npos);
  EXPECT_TRUE(is_complete_checkpoint(folder_ / "tiny/checkpoint-4"));
  hub_.start();
  t.push_to_hub();
  EXPECT_TRUE(files().contains("model.safetensors"));
}

TEST_F(PushToHub, SendsNothingThatHoldsTheToken) {
  HubOptions without_token = options();
  without_token.token = std::nullopt;
  Trainer t({.model = tiny_model(),
             .args = {.output_dir = folder_ / "tiny",
                      .max_steps = 2,
                      .disable_tqdm = true,
                      .save_steps = 2,
                      .push_to_hub = true,
                      .hub_token = hub_.token(),
                      .hub_strategy = HubStrategy::checkpoint},
             .train_dataset = tiny_dataset(16),
             .hub = without_token});
  t.train();
  const fs::path pushed = client().snapshot_download(repo_);
  ASSERT_TRUE(fs::exists(pushed / "last-checkpoint/training_args.json"));
  for (const auto& entry : fs::recursive_directory_iterator(pushed)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()).find(hub_.token()), std::string::npos) << entry.path();
  }
}

TEST_F(PushToHub, KeepsWhatTheUserWroteIntoTheCard) {
  Trainer t = trainer(HubStrategy::every_save);
  t.train();
  std::string card = read_file(folder_ / "tiny/README.md");
  const std::string placeholder = "More information needed";
  ASSERT_NE(card.find(placeholder), std::string::npos) << card;
  card.replace(card.find(placeholder), placeholder.size(), "A net for shirts.");
  write_file_atomically(folder_ / "tiny/README.md", card);
  const CommitInfo commit = t.push_to_hub();
  EXPECT_NE(read_file(client().hub_download(repo_, "README.md", {.revision = commit.oid}))
                .find("A net for shirts."),
            std::string::npos);
}

TEST_F(PushToHub, GoesOnInAFreshFolderWithTheCardOnTheHub) {
  const HubClient hub = client();
  hub.create_repo(repo_);
  hub.create_commit(
      repo_, {CommitOperationAdd::from_bytes("README.md", "# tiny\n\n## Notes\n\nBy hand.\n")},
      {.commit_message = "notes"});
  trainer(HubStrategy::every_save).train();
  const std::string card = read_file(client().hub_download(repo_, "README.md"));
  EXPECT_NE(card.find("By hand."), std::string::npos) << card;
  EXPECT_NE(card.find("- training_steps: 4"), std::string::npos) << card;
}

TEST_F(PushToHub, LeavesNoOlderWeightsBesideThoseOfTheSave) {
  const HubClient hub = client();
  hub.create_repo(repo_);
  hub.create_commit(repo_,
                    {CommitOperationAdd::from_bytes("model-00002-of-00002.safetensors", "x"),
                     CommitOperationAdd::from_bytes("model.safetensors.index.json", "{}")},
                    {.commit_message = "an older form"});
  write_file_atomically(folder_ / "tiny/model-00001-of-00002.safetensors", "older still");
  trainer(HubStrategy::every_save).train();
  for (const std::string& path : files()) {
    EXPECT_FALSE(path.starts_with("model-") || path.ends_with("index.json")) << path;
  }
  EXPECT_TRUE(files().contains("model.safetensors"));
}

TEST_F(PushToHub, PushesToTheBranchThatIsAskedForAndHidesAPrivateRepository) {
  Trainer t({.model = tiny_model(),
             .args = {.output_dir = folder_ / "tiny",
                      .max_steps = 2,
                      .disable_tqdm = true,
                      .save_steps = 2,
                      .push_to_hub = true,
                      .hub_private_repo = true,
                      .hub_revision = "trial"},
             .train_dataset = tiny_dataset(16),
             .hub = options()});
  EXPECT_TRUE(t.train().pushed_all());
  EXPECT_TRUE(client().file_exists(repo_, "model.safetensors", "trial"));
  EXPECT_FALSE(client().file_exists(repo_, "model.safetensors", "main"));
  HubOptions stranger = options();
  stranger.token = std::nullopt;
  EXPECT_THROW(HubClient(stranger).repo_info(repo_), RepositoryNotFoundError);
}

TEST_F(PushToHub, ResumesFromEveryFormOfAPlaceOnTheHub) {
  trainer(HubStrategy::all_checkpoints).train();
  // Rows of the history: losses and evaluations up to that checkpoint, and the summary.
  const std::vector<std::pair<std::string, std::size_t>> places{
      {"demo/tiny", 7}, {"demo/tiny/checkpoint-2", 4}, {"demo/tiny@main/checkpoint-4", 7}};
  const std::string straight = read_file(folder_ / "tiny/checkpoint-4/model.safetensors");
  for (const auto& [place, rows] : places) {
    SCOPED_TRACE(place);
    Trainer t({.model = tiny_model(),
               .args = {.output_dir = folder_ / "again",
                        .max_steps = 4,
                        .disable_tqdm = true,
                        .save_strategy = SaveStrategy::no},
               .train_dataset = tiny_dataset(16),
               .hub = options()});
    EXPECT_EQ(t.train({.resume_from_checkpoint = place}).global_step, 4);
    EXPECT_EQ(t.state().log_history.size(), rows);
    t.save_model();
    EXPECT_EQ(read_file(folder_ / "again/model.safetensors"), straight);
  }
}

TEST_F(PushToHub, ResumesFromTheLastCheckpointOfARevisionBitForBit) {
  const TrainOutput out = trainer(HubStrategy::checkpoint).train();
  const std::string straight = read_file(folder_ / "tiny/checkpoint-4/model.safetensors");
  TrainerOptions o = trainer_options(HubStrategy::checkpoint);
  o.args.output_dir = folder_ / "again";
  o.args.push_to_hub = false;
  Trainer t(std::move(o));
  const std::string place = "demo/tiny@" + *out.pushes.front().commit_oid + "/last-checkpoint";
  EXPECT_EQ(t.train({.resume_from_checkpoint = place}).global_step, 4);
  EXPECT_FALSE(fs::exists(folder_ / "again/checkpoint-2"));  // it began after it
  t.save_model();
  EXPECT_EQ(read_file(folder_ / "again/model.safetensors"), straight);
}

TEST_F(PushToHub, PassesOverACheckpointThatIsNotWhole) {
  trainer(HubStrategy::all_checkpoints).train();
  client().create_commit(
      repo_,
      {CommitOperationAdd::from_bytes("checkpoint-9/config.json", "{}"),
       CommitOperationAdd::from_bytes("checkpoint-8/trainer_state.json", "{}"),
       CommitOperationAdd::from_bytes("checkpoint-8/checkpoint-is-incomplete.txt", "")},
      {.commit_message = "two saves that were cut short"});
  TrainerOptions o = trainer_options(HubStrategy::end);
  o.args.output_dir = folder_ / "again";
  o.args.push_to_hub = false;
  o.args.max_steps = 5;
  Trainer t(std::move(o));
  EXPECT_EQ(t.train({.resume_from_checkpoint = "demo/tiny"}).global_step, 5);
  EXPECT_FALSE(fs::exists(folder_ / "again/checkpoint-2"));  // from checkpoint-4
}

TEST_F(PushToHub, NamesTheRepoThatTheModelCameFromAsTheBaseModel) {
  const auto model = tiny_model();
  model->config().name_or_path = "demo/base";  // as from_pretrained() leaves it
  Trainer t({.model = model,
             .args = {.output_dir = folder_ / "tiny", .disable_tqdm = true},
             .hub = options()});
  EXPECT_NE(t.model_card().find("base_model: demo/base\n"), std::string::npos) << t.model_card();
}

TEST_F(PushToHub, EndsWithACardOfTheBestModelWhereThatIsLoaded) {
  TrainerOptions o = trainer_options(HubStrategy::end);
  o.args.load_best_model_at_end = true;
  o.args.metric_for_best_model = "accuracy";
  o.compute_metrics = [evaluations = 0](const EvalPrediction&) mutable {
    Metrics metrics;
    metrics.set("accuracy", evaluations++ == 0 ? 0.9 : 0.1);
    return metrics;
  };
  Trainer(std::move(o)).train();
  const std::string card = read_file(client().hub_download(repo_, "README.md"));
  EXPECT_NE(card.find("\n- Accuracy: 0.9\n"), std::string::npos) << card;
  EXPECT_EQ(card.find("\n- Accuracy: 0.1\n"), std::string::npos) << card;
  EXPECT_EQ(read_file(client().hub_download(repo_, "model.safetensors")),
            read_file(folder_ / "tiny/checkpoint-2/model.safetensors"));
}

TEST_F(PushToHub, PushesTheCardThatASubclassMakes) {
  class WithItsOwnCard final : public Trainer {
   public:
    using Trainer::Trainer;
    std::string model_card() const override {
      return "---\nlicense: mit\n---\n\n# Mine, after " + std::to_string(state().global_step) +
             " updates\n";
    }
  };
  WithItsOwnCard trainer(trainer_options(HubStrategy::every_save));
  const TrainOutput out = trainer.train();
  const auto card_at = [&](const std::string& revision) {
    return read_file(client().hub_download(repo_, "README.md", {.revision = revision}));
  };
  EXPECT_EQ(card_at(*out.pushes.front().commit_oid),
            "---\nlicense: mit\n---\n\n# Mine, after 2 updates\n");
  EXPECT_NE(card_at(trainer.push_to_hub().oid).find("# Mine, after 4 updates"), std::string::npos);
}

// TD-1: Python pickles its arguments with the token in clear.
TEST_F(PushToHub, LeavesThePickledArgumentsOfPythonWhereTheyAre) {
  write_file_atomically(folder_ / "tiny/training_args.bin", "a token");
  write_file_atomically(folder_ / "tiny/earlier/training_args.bin", "a token");
  write_file_atomically(folder_ / "tiny/earlier/notes.txt", "mine");
  Trainer t = trainer(HubStrategy::every_save);
  t.train();
  EXPECT_TRUE(files().contains("earlier/notes.txt"));
  t.push_to_hub();
  for (const std::string& path : files()) {
    EXPECT_EQ(path.find("training_args.bin"), std::string::npos) << path;
  }
}

TEST_F(PushToHub, TellsCallbacksBeforeEachSaveIsHandedOver) {
  class Counter final : public TrainerCallback {
   public:
    std::string name() const override { return "Counter"; }
    void on_push_begin(const TrainerEvent& event) override {
      steps.push_back(event.state.global_step);
    }
    std::vector<std::int64_t> steps;
  };
  const auto counter = std::make_shared<Counter>();
  Trainer t({.model = tiny_model(),
             .args = {.output_dir = folder_ / "tiny",
                      .max_steps = 4,
                      .disable_tqdm = true,
                      .save_steps = 2,
                      .push_to_hub = true},
             .train_dataset = tiny_dataset(16),
             .callbacks = {counter},
             .hub = options()});
  EXPECT_TRUE(t.train().pushed_all());
  EXPECT_EQ(counter->steps, (std::vector<std::int64_t>{2, 4}));
}

TEST_F(PushToHub, WorksInAHandWrittenLoop) {
  auto model = tiny_model();
  std::vector<std::string> saved;
  PushToHubCallback pusher(
      {.output_dir = folder_ / "tiny", .hub_always_push = true, .hub = options()});
  for (const std::int64_t step : {1, 2}) {
    {
      const torch::NoGradGuard no_grad;
      model->parameters().front().add_(1);
    }
    model->save_pretrained(folder_ / "tiny");
    saved.push_back(read_file(folder_ / "tiny/model.safetensors"));
    pusher.push(folder_ / "tiny", "step " + std::to_string(step), step, "# By hand\n");
  }
  const std::vector<PushOutcome> outcomes = pusher.finish();
  EXPECT_EQ(titles(), (Names{"initial commit", "step 1", "step 2"}));
  ASSERT_EQ(outcomes.size(), 2U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {  // the file was written over meanwhile
    ASSERT_TRUE(outcomes[i].ok()) << outcomes[i].error;
    const DownloadOptions at{.revision = *outcomes[i].commit_oid};
    EXPECT_EQ(read_file(client().hub_download(repo_, "model.safetensors", at)), saved[i]);
    EXPECT_EQ(read_file(client().hub_download(repo_, "README.md", at)), "# By hand\n");
  }
}

TEST_F(PushToHub, TakesEveryFileOfAFolderElsewhereAndNoneOfOutputDir) {
  write_file_atomically(folder_ / "tiny/unrelated.txt", "x");
  write_file_atomically(folder_ / "other/README.md", "# Other\n");
  write_file_atomically(folder_ / "other/notes.txt", "y");
  write_file_atomically(folder_ / "other/model.safetensors", "weights");
  PushToHubCallback pusher({.output_dir = folder_ / "tiny", .hub = options()});
  pusher.push_and_wait(folder_ / "other", "elsewhere");
  EXPECT_EQ(files(), (std::set<std::string>{".gitattributes", "README.md", "model.safetensors",
                                            "notes.txt"}));
  fs::remove(folder_ / "other/model.safetensors");
  write_file_atomically(folder_ / "other/notes.txt", "z");
  pusher.push_and_wait(folder_ / "other", "without weights");
  EXPECT_TRUE(files().contains("model.safetensors"));  // what brings none takes none away
}

TEST_F(PushToHub, SendsTheWeightsThoughTheUsersCardCannotBeRead) {
  Trainer t = trainer(HubStrategy::every_save);
  const std::string broken = "---\ntags: [\n---\n# Mine\n";
  write_file_atomically(folder_ / "tiny/README.md", broken);
  EXPECT_TRUE(t.train().pushed_all());
  t.push_to_hub();
  EXPECT_TRUE(files().contains("model.safetensors"));
  EXPECT_FALSE(files().contains("README.md"));
  EXPECT_EQ(read_file(folder_ / "tiny/README.md"), broken);
}

}  // namespace
}  // namespace torchhub
