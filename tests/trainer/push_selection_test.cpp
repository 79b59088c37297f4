// What of a run's saves goes up, seen before and kept below a size (HD-10).
#include "trainer/pushed_card.h"

#include <set>

namespace torchhub {
namespace {

using testing::has;
using Paths = std::set<std::string>;

class PushSelectionOfARun : public testing::PushedCard {
 protected:
  PushSelectionOfARun() { write_file_atomically(output_dir_ / "notes.txt", "mine"); }

  TrainerOptions selecting(SaveSelection selection) const {
    TrainerOptions o = options();
    o.args.hub_strategy = HubStrategy::checkpoint;
    o.push_selection = std::move(selection);
    return o;
  }

  Paths on_hub() const {
    Paths paths;
    for (const RepoTreeEntry& entry : client().list_repo_tree(repo_)) {
      if (entry.type == RepoTreeEntry::Type::file) paths.insert(entry.path);
    }
    paths.erase(".gitattributes");
    return paths;
  }
};

Paths paths_of(const PushPlan& plan) {
  Paths paths;
  for (const FileToPush& file : plan.files) paths.insert(file.path);
  return paths;
}

TEST_F(PushSelectionOfARun, SendsWhatIsSelectedAndListsThatBefore) {
  Trainer trainer(
      selecting({.root = {.ignore = {"notes*"}}, .checkpoint = {.ignore = {"optimizer.pt"}}}));
  EXPECT_EQ(paths_of(trainer.plan_push()), Paths{"README.md"}) << "nothing is saved yet";
  EXPECT_TRUE(on_hub().empty());
  ASSERT_TRUE(trainer.train().pushed_all());
  const PushPlan plan = trainer.plan_push();
  EXPECT_EQ(plan.repo_id, "demo/tiny");
  EXPECT_EQ(paths_of(plan), on_hub());
  EXPECT_TRUE(on_hub().contains("last-checkpoint/scheduler.pt"));
  EXPECT_FALSE(on_hub().contains("last-checkpoint/optimizer.pt"));
  EXPECT_FALSE(on_hub().contains("notes.txt"));
  trainer.push_to_hub();  // what a user asks for is narrowed too
  EXPECT_FALSE(on_hub().contains("notes.txt"));
}

TEST_F(PushSelectionOfARun, ListsWithoutAHub) {
  TrainerOptions o = selecting({});
  o.args.push_to_hub = false;
  const Trainer trainer(std::move(o));
  hub_.stop();
  EXPECT_EQ(paths_of(trainer.plan_push()), (Paths{"README.md", "notes.txt"}));
  EXPECT_EQ(trainer.plan_push().repo_id, "tiny");
}

TEST_F(PushSelectionOfARun, LeavesTheCardAloneWhereItIsNotSelected) {
  class StopAtThree final : public TrainerCallback {
   public:
    std::string name() const override { return "StopAtThree"; }
    void on_step_end(const TrainerEvent& event) override {
      event.control.should_training_stop |= event.state.global_step == 3;
    }
  };
  TrainerOptions o = selecting({.root = {.ignore = {"README.md"}}});
  o.callbacks = {std::make_shared<StopAtThree>()};  // else a card would go up once more
  const TrainOutput out = Trainer(std::move(o)).train();
  EXPECT_EQ(out.pushes.size(), 1U);
  EXPECT_FALSE(on_hub().contains("README.md"));
  EXPECT_TRUE(on_hub().contains("model.safetensors"));
}

TEST_F(PushSelectionOfARun, RefusesASaveAboveItsLimitUntilAStartAllowsIt) {
  {
    const TrainOutput out = Trainer(selecting({.max_bytes = 100})).train();
    EXPECT_FALSE(out.pushed_all());
    ASSERT_FALSE(out.pushes.empty());
    EXPECT_TRUE(has(out.pushes.back().error, "more than the 100 of max_bytes"))
        << out.pushes.back().error;
    EXPECT_TRUE(on_hub().empty());
  }
  TrainerOptions resumed = selecting({.max_bytes = 1'000'000});
  resumed.args.max_steps = 6;
  Trainer trainer(std::move(resumed));
  const TrainOutput out = trainer.train({.resume_from_checkpoint = "last"});
  EXPECT_TRUE(out.pushed_all());
  ASSERT_EQ(out.pushes.size(), 2U);
  EXPECT_EQ(out.pushes.front().step, 4) << "the one that was refused";
}

}  // namespace
}  // namespace torchhub
