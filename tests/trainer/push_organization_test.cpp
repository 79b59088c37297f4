// A run whose repository is an organisation's, by a member who may write there.
#include "support/commit_titles.h"
#include "trainer/pushed_card.h"

namespace torchhub {
namespace {

using testing::has;
using Names = std::vector<std::string>;

class RunOfAMember : public testing::PushedCard {
 protected:
  RunOfAMember() {
    token_ = hub_.create_user("ana");
    hub_.admin().create_organization("team", "demo");
    hub_.admin().set_member("team", "ana", OrganizationRole::write);
  }

  TrainerOptions options_of_ana() const {
    TrainerOptions o = options();
    o.hub->token = token_;
    o.args.hub_model_id = "team/x";
    return o;
  }

  const Repo theirs_{.id = RepoId::parse("team/x")};
  std::string token_;
};

TEST_F(RunOfAMember, GoesToTheOrganizationWithACardThatNamesIt) {
  Trainer trainer(options_of_ana());
  const TrainOutput out = trainer.train();
  EXPECT_TRUE(out.pushed_all()) << out.full_report();
  const CommitInfo last = trainer.push_to_hub();
  EXPECT_EQ(testing::commit_titles(client(), theirs_),
            (Names{"initial commit", "Training in progress, step 2", "Training in progress, step 4",
                   "End of training"}));
  EXPECT_EQ(client().repo_info(theirs_).sha, last.oid);
  for (const char* elsewhere : {"ana/x", "demo/x", "ana/tiny", "demo/tiny", "team/tiny"}) {
    EXPECT_FALSE(client().repo_exists({.id = RepoId::parse(elsewhere)})) << elsewhere;
  }
  const auto at_end = [&](const char* file) {
    return read_file(client().hub_download(theirs_, file, {.revision = last.oid}));
  };
  EXPECT_EQ(at_end("model.safetensors"), read_file(output_dir_ / "checkpoint-4/model.safetensors"));
  const std::string card = at_end("README.md");
  EXPECT_TRUE(has(card, "\n# x\n")) << card;
  EXPECT_TRUE(has(card, "from_pretrained(\"team/x\"")) << card;
}

}  // namespace
}  // namespace torchhub
