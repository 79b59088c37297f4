// The card of a save says that training goes on; once it is over, the card on the hub does not.
#include "support/commit_titles.h"
#include "support/logged_values.h"
#include "trainer/pushed_card.h"

namespace torchhub {
namespace {

using testing::has;
using testing::PushedCard;
using Names = std::vector<std::string>;

const std::string kFirstSave =
    "This model was trained from scratch on an unknown dataset.\n"
    "Training is in progress: these are the weights after update 2 of 4.\n"
    "It achieves the following results on the evaluation set:\n";

class CardProgressOnHub : public PushedCard {
 protected:
  std::string card_of(const PushOutcome& push) const {
    return push.commit_oid ? pushed("README.md", *push.commit_oid) : push.error;
  }
};

class StopAt final : public TrainerCallback {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  std::string name() const override { return "StopAt"; }
  void on_step_end(const TrainerEvent& event) override {
    if (event.state.global_step == step_) event.control.should_training_stop = true;
  }

 private:
  std::int64_t step_;
};

class FailAt final : public TrainerCallback {
 public:
  std::string name() const override { return "FailAt"; }
  void on_step_end(const TrainerEvent& event) override {
    if (event.state.global_step == 3) throw std::runtime_error("the third update");
  }
};

TEST_F(CardProgressOnHub, IsThatOfEachSaveAndOfTheLastNone) {
  const TrainOutput out = Trainer(options()).train();
  ASSERT_EQ(out.pushes.size(), 2U);
  EXPECT_TRUE(has(card_of(out.pushes[0]), kFirstSave)) << card_of(out.pushes[0]);
  EXPECT_FALSE(says_in_progress(card_of(out.pushes[1])));
  EXPECT_TRUE(has(card_of(out.pushes[1]),
                  "This model was trained from scratch on an unknown "
                  "dataset.\nIt achieves"));
}

TEST_F(CardProgressOnHub, IsTakenBackWhereTheRunEndsAfterItsLastSave) {
  TrainerOptions o = options();
  o.callbacks = {std::make_shared<StopAt>(3)};
  const TrainOutput out = Trainer(std::move(o)).train();
  EXPECT_EQ(
      testing::commit_titles(client(), repo_),
      (Names{"initial commit", "Training in progress, step 2", "End of training, model card"}));
  ASSERT_EQ(out.pushes.size(), 2U);
  EXPECT_TRUE(says_in_progress(card_of(out.pushes[0])));
  EXPECT_FALSE(says_in_progress(pushed("README.md")));
  EXPECT_EQ(pushed("model.safetensors"),
            read_file(output_dir_ / "checkpoint-2" / "model.safetensors"));
}

TEST_F(CardProgressOnHub, GivesWayToTheResultsOfTheWeightsThatAreThere) {
  class EvaluateAndStop final : public TrainerCallback {
   public:
    std::string name() const override { return "EvaluateAndStop"; }
    void on_step_end(const TrainerEvent& event) override {
      if (event.state.global_step != 3) return;
      event.control.should_evaluate = true;
      event.control.should_training_stop = true;
    }
  };
  TrainerOptions o = options();
  o.args.learning_rate = 0.1;  // so that each evaluation is another
  o.callbacks = {std::make_shared<EvaluateAndStop>()};
  Trainer trainer(std::move(o));
  const TrainOutput out = trainer.train();
  ASSERT_EQ(out.pushes.size(), 2U);
  const auto losses = testing::logged_values(trainer.state().log_history, "eval_loss");
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_TRUE(has(pushed("README.md"),
                  fmt::format("on the evaluation set at step 2:\n- Loss: {:.4f}\n", losses[0])))
      << pushed("README.md");
}

TEST_F(CardProgressOnHub, StaysWhereTheRunFailed) {
  TrainerOptions o = options();
  o.callbacks = {std::make_shared<FailAt>()};
  {
    Trainer trainer(std::move(o));
    EXPECT_THROW(trainer.train(), std::runtime_error);
    trainer.wait_for_pushes();
    EXPECT_FALSE(says_in_progress(trainer.model_card())) << "no training is under way";
  }
  EXPECT_TRUE(says_in_progress(pushed("README.md")));
}

TEST_F(CardProgressOnHub, IsNotSaidWhereThatIsSwitchedOff) {
  TrainerOptions o = options();
  o.card_progress = false;
  o.callbacks = {std::make_shared<StopAt>(3)};
  const TrainOutput out = Trainer(std::move(o)).train();
  ASSERT_EQ(out.pushes.size(), 1U);
  EXPECT_FALSE(says_in_progress(card_of(out.pushes[0])));
}

}  // namespace
}  // namespace torchhub
