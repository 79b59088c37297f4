// A second train() of one Trainer, and optimizers that the user made.
#include "support/logged_values.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class SecondRun : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 4,
                     .learning_rate = 0.5,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .save_strategy = SaveStrategy::no},
            .train_dataset = tiny_dataset(16)};
  }

  static std::vector<double> rates(const Trainer& trainer) {
    return testing::logged_values(trainer.state().log_history, "learning_rate");
  }

  TempDir folder_;
};

/// Which optimizer each run had, and how many parameters it had moments of when it began.
class Optimizers final : public TrainerCallback {
 public:
  std::string name() const override { return "Optimizers"; }
  void on_train_begin(const TrainerEvent& event) override {
    seen.push_back(event.optimizer);
    states.push_back(event.optimizer->state().size());
  }
  std::vector<const torch::optim::Optimizer*> seen;
  std::vector<std::size_t> states;
};

TEST_F(SecondRun, BeginsAtTheRatesOfTheFirst) {
  TrainerOptions o = options();
  o.optimizer = std::make_shared<torch::optim::SGD>(o.model->parameters(), /*lr=*/0.25);
  Trainer trainer(o);
  trainer.train();
  const std::vector<double> first = rates(trainer);
  EXPECT_EQ(first, (std::vector<double>{0.25, 0.1875, 0.125, 0.0625}));
  trainer.train();  // the schedule has left the optimizer at 0
  EXPECT_EQ(rates(trainer), first);
}

TEST_F(SecondRun, GoesOnWithTheOptimizerAsPythonDoes) {
  const auto optimizers = std::make_shared<Optimizers>();
  TrainerOptions o = options();
  o.callbacks = {optimizers};
  Trainer trainer(o);
  trainer.train();
  trainer.train();
  EXPECT_EQ(optimizers->seen.at(0), optimizers->seen.at(1));
  EXPECT_EQ(optimizers->states, (std::vector<std::size_t>{0, 6}));
  EXPECT_EQ(rates(trainer), (std::vector<double>{0.5, 0.375, 0.25, 0.125}));
}

TEST_F(SecondRun, MakesANewOptimizerForANewModel) {
  const auto optimizers = std::make_shared<Optimizers>();
  TrainerOptions o = options();
  o.model = nullptr;
  o.model_init = [] { return tiny_model(); };
  o.callbacks = {optimizers};
  Trainer trainer(o);
  trainer.train();
  trainer.train();
  EXPECT_EQ(optimizers->states, (std::vector<std::size_t>{0, 0}));
}

TEST_F(SecondRun, MayEndInTheRatesThatAScheduleIsGiven) {
  TrainerOptions o = options();
  o.optimizer = std::make_shared<torch::optim::SGD>(o.model->parameters(), /*lr=*/0.25);
  o.args.lr_scheduler_type = SchedulerType::cosine_with_min_lr;
  o.args.lr_scheduler_kwargs = LogRow{{"min_lr", 0.125}};  // of the optimizer's 0.25: the half
  Trainer cosine(o);
  cosine.train();
  EXPECT_NEAR(rates(cosine).at(2), 0.1875, 1e-12);  // midway between both
  o.args.lr_scheduler_type = SchedulerType::polynomial;
  o.args.learning_rate = 1e-5;  // not the rate that it begins with
  o.args.lr_scheduler_kwargs = LogRow{{"lr_end", 0.125}};
  o.optimizer = std::make_shared<torch::optim::SGD>(o.model->parameters(), /*lr=*/0.25);
  Trainer polynomial(o);
  polynomial.train();
  EXPECT_NEAR(rates(polynomial).at(2), 0.1875, 1e-12);
}

}  // namespace
}  // namespace torchhub
