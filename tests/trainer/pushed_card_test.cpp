// What the card of a Trainer gains where it is pushed: the picture, how to use the model, and what
// the Hub knows.
#include "trainer/pushed_card.h"

#include <gtest/gtest.h>

#include <atomic>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::has;
using testing::PushedCard;
using testing::tiny_dataset;
using testing::tiny_model;

const std::string kPicture =
    "\n### Loss and metrics\n\n![Loss and metrics of the training](training.svg)\n";

TEST_F(PushedCard, ShowsThePictureThatIsInItsCommit) {
  const TrainOutput out = Trainer(options()).train();
  ASSERT_EQ(out.pushes.size(), 2U);
  for (const PushOutcome& push : out.pushes) {
    ASSERT_TRUE(push.ok()) << push.error;
    EXPECT_TRUE(has(pushed("README.md", *push.commit_oid), kPicture));
    const TrainerState state = trainer_state_from_json_text(
        read_file(output_dir_ / checkpoint_name(push.step) / "trainer_state.json"));
    EXPECT_EQ(pushed("training.svg", *push.commit_oid), training_plot("tiny", state.log_history));
  }
}

TEST_F(PushedCard, HasNoPictureWhereThatIsSwitchedOffOrAnotherOneIsGiven) {
  TrainerOptions off = options();
  off.card_plot = false;
  Trainer without(std::move(off));
  without.train();
  without.push_to_hub();
  EXPECT_FALSE(has(pushed("README.md"), "training.svg"));
  EXPECT_FALSE(client().file_exists(repo_, "training.svg"));

  TrainerOptions own = options();
  own.card.plot = "mine.png";
  Trainer with_own(std::move(own));
  EXPECT_FALSE(has(with_own.model_card(), "training.svg"));
}

TEST_F(PushedCard, LeavesThePictureToTheCallbackThatDrawsIt) {
  for (const bool as_logger : {true, false}) {
    TrainerOptions o = options();
    o.args.output_dir = folder_ / (as_logger ? "logger" : "callback");
    o.args.run_name = "as the logger has it";
    const std::string title = as_logger ? *o.args.run_name : "a title of one's own";
    if (as_logger) {
      o.args.report_to = {"svg"};
    } else {
      o.callbacks = {std::make_shared<TrainingPlotCallback>(std::nullopt, title)};
    }
    Trainer trainer(std::move(o));
    trainer.train();
    trainer.push_to_hub();
    EXPECT_TRUE(has(read_file(trainer.args().output_dir / "training.svg"), title));
  }
}

TEST_F(PushedCard, ShowsThePictureOfARunThatIsOnlyPushedAtItsEnd) {
  TrainerOptions o = options();
  o.args.push_to_hub = false;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_FALSE(fs::exists(output_dir_ / "training.svg"));
  trainer.push_to_hub();
  EXPECT_TRUE(has(pushed("README.md"), kPicture));
  EXPECT_EQ(pushed("training.svg"), training_plot("tiny", trainer.state().log_history));
}

/// How the code on a card names the revision; empty: it does not.
std::string pin_of(const std::string& card) {
  const std::string begin = "from_pretrained(\"demo/tiny\", {.revision = \"";
  const std::size_t at = card.find(begin);
  if (at == std::string::npos) return {};
  return card.substr(at + begin.size(), card.find('"', at + begin.size()) - at - begin.size());
}

std::string usage_of(const std::string& card) {
  const std::size_t at = card.find("## How to use\n");
  return at == std::string::npos ? "" : card.substr(at, card.find("\n## ", at) - at);
}

TEST_F(PushedCard, TellsHowToUseTheModelAtTheCommitOfItsWeights) {
  Trainer trainer(options());
  const TrainOutput out = trainer.train();
  // Nothing was there that could be loaded before the first save.
  const std::string first = usage_of(pushed("README.md", *out.pushes.front().commit_oid));
  EXPECT_TRUE(
      has(first, "torchhub::AutoModelForImageClassification::from_pretrained(\"demo/tiny\");"))
      << first;
  const CommitInfo end = trainer.push_to_hub();
  const std::string card = pushed("README.md", end.oid);
  EXPECT_EQ(pin_of(card), out.pushes.back().commit_oid);
  EXPECT_TRUE(has(card, "hf_hub_download(\"demo/tiny\", \"model.safetensors\", revision=\"" +
                            *out.pushes.back().commit_oid + "\")"));
  EXPECT_EQ(pushed("model.safetensors", pin_of(card)), pushed("model.safetensors", end.oid));
  for (const CardProblem& problem : problems_of_card(card)) {
    EXPECT_NE(problem.severity, CardProblem::Severity::error) << problem.message;
  }
}

TEST_F(PushedCard, NamesTheTagThatIsMadeWithThePush) {
  Trainer trainer(options());
  trainer.train();
  const CommitInfo end = trainer.push_to_hub({.tag = "v1"});
  EXPECT_EQ(client().repo_info(repo_, "v1").sha, end.oid);
  EXPECT_EQ(pin_of(pushed("README.md", "v1")), "v1");
  EXPECT_EQ(trainer.push_to_hub({.tag = "v1"}).oid, end.oid);  // it stands there
  trainer.push_to_hub({.commit_message = "without"});
  const std::string head = client().repo_info(repo_).sha;
  EXPECT_NE(head, end.oid);
  EXPECT_THROW(trainer.push_to_hub({.tag = "v1"}), InvalidArgumentError);
  EXPECT_EQ(client().repo_info(repo_).sha, head);
}

TEST_F(PushedCard, FollowsThePinUnlessTheUserChangedTheSection) {
  Trainer trainer(options());
  const TrainOutput out = trainer.train();
  std::string card = read_file(output_dir_ / "README.md");
  card.insert(card.find("In Python:"), "Or as you like.\n\n");
  write_file_atomically(output_dir_ / "README.md", card);
  const std::string mine = usage_of(card);
  trainer.push_to_hub();
  EXPECT_EQ(usage_of(pushed("README.md")), mine);
}

TEST_F(PushedCard, FollowsThePinInAFreshFolderToo) {
  Trainer first(options());
  first.train();
  first.push_to_hub();
  const std::string old_pin = pin_of(pushed("README.md"));
  fs::remove_all(output_dir_);
  TrainerOptions o = options();
  o.args.seed = 7;
  Trainer second(std::move(o));
  const TrainOutput out = second.train();
  second.push_to_hub();
  EXPECT_EQ(pin_of(pushed("README.md")), out.pushes.back().commit_oid);
  EXPECT_NE(pin_of(pushed("README.md")), old_pin);
}

TEST_F(PushedCard, PinsWhatTheBranchHeldWhereThisRunHasPushedNothingYet) {
  const HubClient hub = client();
  hub.create_repo(repo_);
  const std::string before =
      hub.create_commit(repo_, {CommitOperationAdd::from_bytes("model.safetensors", "weights")},
                        {.commit_message = "by hand"})
          .oid;
  EXPECT_EQ(pin_of(Trainer(options()).model_card()), before);
}

TEST_F(PushedCard, NamesTheBranchWhileNothingIsThere) {
  TrainerOptions o = options();
  o.args.hub_revision = "trial";
  EXPECT_EQ(pin_of(Trainer(std::move(o)).model_card()), "trial");
}

TEST_F(PushedCard, SaysNothingOfUseWhereThatIsSwitchedOffOrNotPushed) {
  TrainerOptions off = options();
  off.card_how_to_use = false;
  EXPECT_EQ(usage_of(Trainer(std::move(off)).model_card()), "");
  TrainerOptions here = options();
  here.args.push_to_hub = false;
  EXPECT_EQ(usage_of(Trainer(std::move(here)).model_card()), "");
}

TEST_F(PushedCard, FillsInWhatTheUsersUsageLeavesEmpty) {
  TrainerOptions o = options();
  o.card.library_name = "transformers";
  o.card.how_to_use = CardUsage{.revision = "v2"};
  const std::string card = Trainer(std::move(o)).model_card();
  EXPECT_TRUE(has(card,
                  "model = AutoModelForImageClassification.from_pretrained(\"demo/tiny\", "
                  "revision=\"v2\")"))
      << card;
}

TEST_F(PushedCard, IsPythonsWithBothSwitchedOff) {
  TrainerOptions off = options();
  off.card_plot = false;
  off.card_how_to_use = false;
  Trainer plain(std::move(off));
  plain.train();
  const std::string card = plain.model_card();
  TrainerOptions on = options();
  on.args.output_dir = folder_ / "again/tiny";
  Trainer full(std::move(on));
  full.train();
  std::string with_all = full.model_card();
  const std::string usage = usage_of(with_all);
  ASSERT_FALSE(usage.empty());
  with_all.erase(with_all.find(usage), usage.size() + 1);
  with_all.erase(with_all.find(kPicture), kPicture.size());
  EXPECT_EQ(with_all, card);
}

// -- what the Hub knows ---------------------------------------------------------------------------

TEST_F(PushedCard, TakesTheLicenseOfTheBaseModelFromTheHub) {
  const HubClient hub = client();
  const Repo base{.id = RepoId::parse("demo/base")};
  hub.create_repo(base);
  hub.create_commit(
      base, {CommitOperationAdd::from_bytes("README.md", "---\nlicense: apache-2.0\n---\n# b\n")},
      {.commit_message = "license"});
  TrainerOptions o = options();
  o.model->config().name_or_path = "demo/base";  // as from_pretrained() leaves it
  EXPECT_TRUE(
      has(Trainer(std::move(o)).model_card(), "\nlicense: apache-2.0\nbase_model: demo/base\n"));
  TrainerOptions given = options();
  given.card.base_model = "demo/base";
  given.card.license = "mit";
  EXPECT_TRUE(has(Trainer(std::move(given)).model_card(), "\nlicense: mit\n"));
}

TEST_F(PushedCard, AsksForTheLicenseOnceAndGoesOnWithoutAnAnswer) {
  class Counting final : public Transport {
   public:
    explicit Counting(std::shared_ptr<Transport> inner) : inner_(std::move(inner)) {}
    Response send(const Request& request, std::stop_token stop) override {
      if (has(request.url, "demo/base")) {
        ++asked;
        throw ConnectionError("nobody there", request.url);
      }
      return inner_->send(request, std::move(stop));
    }
    std::atomic<int> asked = 0;

   private:
    std::shared_ptr<Transport> inner_;
  };
  const auto counting = std::make_shared<Counting>(make_curl_transport());
  TrainerOptions o = options();
  o.card.base_model = "demo/base";
  o.hub->transport = counting;
  Trainer trainer(std::move(o));
  EXPECT_TRUE(trainer.train().pushed_all());
  trainer.push_to_hub();
  EXPECT_EQ(counting->asked, 1);
  EXPECT_FALSE(has(pushed("README.md"), "\nlicense:"));
}

TEST_F(PushedCard, HasTheTagsOfTheModel) {
  TrainerOptions o = options();
  o.card.tags = {"mine", "vision"};
  o.model->add_model_tags({"vision", "small"});
  EXPECT_TRUE(has(Trainer(std::move(o)).model_card(),
                  "\ntags:\n- mine\n- vision\n- small\n- generated_from_trainer\n"));
}

}  // namespace
}  // namespace torchhub
