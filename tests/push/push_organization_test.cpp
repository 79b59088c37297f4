// Pushes into a repository of an organisation, by members of different roles.
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_folder.h"
#include "torchhub/push/push_job.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::message_of;
using testing::TempDir;

/// "team" has a private repository "net", and ana may become a member.
class PushToOrganization : public ::testing::Test {
 protected:
  void SetUp() override {
    hub_.admin().create_organization("team", "demo");
    boss_.create_repo(net_, {.private_ = true});
    write_file_atomically(folder_ / "net/model.safetensors", "weights");
  }

  void make_ana(OrganizationRole role) { hub_.admin().set_member("team", "ana", role); }

  HubClient client_of(const std::string& token, const std::string& name) const {
    return HubClient(
        {.endpoint = hub_.base_url(), .token = token, .cache_dir = folder_ / (name + "-cache")});
  }
  PushOutcome push_save() const {
    const PushJournal journal(folder_ / "run");
    PushJob job{.repo = net_,
                .endpoint = hub_.base_url(),
                .commit_message = "a save",
                .step = 1,
                .snapshot = journal.new_snapshot()};
    job.snapshot.add_text("weights of a run", "model.safetensors");
    return push_job(ana_, job, journal);
  }
  std::string weights() const { return read_file(boss_.hub_download(net_, "model.safetensors")); }

  const TempDir folder_;
  LocalHub hub_;
  const HubClient boss_ = client_of(hub_.token(), "boss");
  const HubClient ana_ = client_of(hub_.create_user("ana"), "ana");
  const Repo net_{.id = {.owner = "team", .name = "net"}};
};

TEST_F(PushToOrganization, WorksForAMemberWhoMayWrite) {
  make_ana(OrganizationRole::write);
  push_folder(ana_, folder_ / "net", {.organization = "team"});
  EXPECT_EQ(weights(), "weights");
  EXPECT_TRUE(push_save().ok());
  EXPECT_EQ(weights(), "weights of a run");
  EXPECT_EQ(ana_.auth_check(net_, RepoAccess::write), AuthCheck::allowed);
}

TEST_F(PushToOrganization, MakesARepositoryThatIsTheOrganisations) {
  make_ana(OrganizationRole::contributor);
  push_folder(ana_, folder_ / "net", {.repo_id = "hers", .organization = "team"});
  EXPECT_TRUE(boss_.file_exists({.id = {.owner = "team", .name = "hers"}}, "model.safetensors"));
}

TEST_F(PushToOrganization, IsRefusedToAMemberWhoMayRead) {
  make_ana(OrganizationRole::read);
  const auto push = [&] { push_folder(ana_, folder_ / "net", {.organization = "team"}); };
  for (const std::string& message :
       {message_of<ForbiddenError>(push), message_of<ForbiddenError>([&] { push_save(); }),
        message_of<ForbiddenError>(
            [&] { static_cast<void>(ana_.auth_check(net_, RepoAccess::write)); })}) {
    EXPECT_NE(message.find("You don't have the right to write to 'team/net'"), std::string::npos)
        << message;
    EXPECT_NE(message.find("token with write access"), std::string::npos) << message;
  }
  EXPECT_FALSE(boss_.file_exists(net_, "model.safetensors"));
}

TEST_F(PushToOrganization, IsRefusedToAContributorOnWhatOthersMade) {
  make_ana(OrganizationRole::contributor);
  EXPECT_THROW(push_save(), ForbiddenError);
}

TEST_F(PushToOrganization, TellsNoStrangerThatAPrivateRepositoryIsThere) {
  EXPECT_THROW(push_save(), RepositoryNotFoundError);
}

TEST_F(PushToOrganization, MakesNoneForWhoMayNotAndNamesTheOrganisation) {
  const std::string message = message_of<ForbiddenError>(
      [&] { push_folder(ana_, folder_ / "net", {.repo_id = "x", .organization = "team"}); });
  EXPECT_NE(message.find("under 'team'"), std::string::npos) << message;
}

TEST_F(PushToOrganization, SaysThatThereMayBeNone) {
  const std::string message = message_of<ForbiddenError>(
      [&] { push_folder(ana_, folder_ / "net", {.repo_id = "x", .organization = "taem"}); });
  EXPECT_TRUE(message.ends_with(
      "under 'taem'. Use a token with write access there (its role must be write). If the name has "
      "an owner, check that it exists and that the token's owner may make repositories in it."))
      << message;
}

}  // namespace
}  // namespace torchhub
