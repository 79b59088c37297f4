// A Hub that is ill at one request that a push makes: the push ends with an error that names what
// is wrong, the save is kept, the Hub stays as it was, and the next resume brings it once.
#include "support/commit_titles.h"
#include "support/fake_clock.h"
#include "support/ill_transport.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/push_folder.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/resume.h"
#include "torchhub/push/worker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

using testing::IllTransport;
using testing::LocalHub;
using testing::ScriptedReply;
using testing::TempDir;
using Names = std::vector<std::string>;
using Picks = std::function<bool(const Request&)>;

struct Place {
  std::string name;
  Picks picks;
};

Picks requests(const std::string& method, const std::string& part) {
  return [=](const Request& request) {
    return request.method == method && request.url.find(part) != std::string::npos;
  };
}

/// In the order in which a push comes to them.
std::vector<Place> places() {
  return {{"repo info", requests("GET", "/revision/")},
          {"the card's metadata", requests("HEAD", "/resolve/")},
          {"the card", requests("GET", "/resolve/")},
          {"the tree", requests("GET", "/tree/")},
          {"preupload", requests("POST", "/preupload/")},
          {"LFS batch", requests("POST", "/info/lfs/objects/batch")},
          {"upload", requests("PUT", "/_lfs/upload/")},
          {"commit", requests("POST", "/commit/")}};
}

struct Illness {
  std::string name;
  ScriptedReply reply;
  /// What the error says of the cause, and what to do; of a silent Hub, by its address.
  Names words = {};
};

std::vector<Illness> illnesses() {
  return {{"401", {.status = 401}, {"(401", "token"}},
          {"403", {.status = 403}, {"Not allowed", "(403", "token"}},
          {"404", {.status = 404}, {"(404", "Check"}},
          {"409", {.status = 409}, {"Conflict", "(409", "Look at what is there and try again"}},
          {"412", {.status = 412}, {"The branch has moved", "(412", "Read its new head"}},
          {"413", {.status = 413}, {"Too large", "(413", "Send less at once"}},
          {"429",
           {.status = 429, .headers = {{"Retry-After", "7"}}},
           {"Too many requests", "(429", "Try again in 8 s"}},
          {"500", {.status = 500}, {"(500", "try again later"}},
          {"a closed connection", {.cut_after = -1}, {"127.0.0.1"}},
          {"silence", {.hang = true}, {"127.0.0.1"}}};
}

class PushIllness : public ::testing::Test {
 protected:
  /// A repository with a card in which people wrote, and old weights.
  Repo repo_of_people(const std::string& name) const {
    Repo repo{.id = {.owner = "demo", .name = name}};
    well_.create_repo(repo);
    well_.create_commit(repo,
                        {CommitOperationAdd::from_bytes("README.md", "# Words of people\n"),
                         CommitOperationAdd::from_bytes("model-00001-of-00002.safetensors", "old")},
                        {.commit_message = "by hand"});
    return repo;
  }

  /// With weights that the Hub has not yet.
  PushJob save(const PushJournal& journal, const Repo& repo) const {
    PushJob job{.repo = repo,
                .endpoint = hub_.base_url(),
                .commit_message = "a save",
                .step = 1,
                .snapshot = journal.new_snapshot(),
                .replaced = {"model*.safetensors"}};
    job.snapshot.add_text("weights of " + repo.id.str(), "model.safetensors");
    job.snapshot.add_text("# net\n", "README.md");
    return job;
  }

  /// As a run does it that ends with the push undone.
  PushOutcome push_once(const PushJournal& journal, PushJob job) const {
    journal.remember(job);
    PushWorker worker([&](const PushJob& pushed, const std::stop_token& stop) {
      return push_job(client_, pushed, journal, stop);
    });
    worker.submit(std::move(job));
    return worker.drain().back();
  }

  void push_what_is_left(const PushJournal& journal) const {
    for (const PushJob& job : pushes_left(journal)) {
      push_job(well_, job, journal);
      job.snapshot.release();
    }
  }

  void expect_words(const std::string& error, const Illness& illness) const {
    for (const std::string& word : illness.words) {
      EXPECT_NE(error.find(word), std::string::npos) << word << " in: " << error;
    }
    EXPECT_EQ(error.find(hub_.token()), std::string::npos) << error;
  }

  const TempDir folder_;
  const LocalHub hub_;
  const std::shared_ptr<IllTransport> transport_ = std::make_shared<IllTransport>();
  const HubClient client_{{.endpoint = hub_.base_url(),
                           .token = hub_.token(),
                           .cache_dir = folder_ / "cache",
                           .retry = {.max_retries = 2},
                           .transport = transport_,
                           .clock = std::make_shared<testing::FakeClock>()}};
  const HubClient well_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "well"}};
};

TEST_F(PushIllness, AtAnyRequestIsToldAndTheSaveArrivesOnceLater) {
  int runs = 0;
  for (const Place& place : places()) {
    for (const Illness& illness : illnesses()) {
      SCOPED_TRACE(place.name + ": " + illness.name);
      const Repo repo = repo_of_people(fmt::format("net-{}", ++runs));
      const PushJournal journal(folder_ / repo.id.name);
      transport_->fall_ill(place.picks, illness.reply);
      const PushOutcome outcome = push_once(journal, save(journal, repo));
      EXPECT_GT(transport_->picked(), 0);
      transport_->heal();
      EXPECT_EQ(outcome.state, PushState::failed);
      expect_words(outcome.error, illness);
      EXPECT_EQ(journal.noted().size(), 1U);
      EXPECT_EQ(testing::commit_titles(well_, repo), (Names{"initial commit", "by hand"}));
      push_what_is_left(journal);
      push_what_is_left(journal);
      EXPECT_EQ(testing::commit_titles(well_, repo),
                (Names{"initial commit", "by hand", "a save"}));
      EXPECT_NE(read_file(well_.hub_download(repo, "README.md")).find("Words of people"),
                std::string::npos);
      EXPECT_FALSE(well_.file_exists(repo, "model-00001-of-00002.safetensors"));
      EXPECT_TRUE(journal.noted().empty());
    }
  }
}

TEST_F(PushIllness, OfAMomentAtAnyRequestDelaysAPushAndNoMore) {
  int runs = 0;
  for (const Place& place : places()) {
    for (const Illness& illness : illnesses()) {
      const int status = illness.reply.status;
      if (status != 200 && status != 429 && status != 500) continue;
      SCOPED_TRACE(place.name + ": " + illness.name);
      const Repo repo = repo_of_people(fmt::format("net-{}", ++runs));
      const PushJournal journal(folder_ / repo.id.name);
      transport_->fall_ill(place.picks, illness.reply, 2);
      EXPECT_TRUE(push_once(journal, save(journal, repo)).ok());
      EXPECT_EQ(transport_->picked(), 2);
      EXPECT_EQ(testing::commit_titles(well_, repo),
                (Names{"initial commit", "by hand", "a save"}));
    }
  }
}

TEST_F(PushIllness, WhereABranchIsMadeLeavesNoneAndAnotherTryMakesIt) {
  int runs = 0;
  write_file_atomically(folder_ / "net/model.safetensors", "weights");
  for (const Illness& illness : illnesses()) {
    SCOPED_TRACE(illness.name);
    const Repo repo = repo_of_people(fmt::format("net-{}", ++runs));
    const PushFolderOptions to_branch{.repo_id = repo.id.str(), .revision = "v2"};
    transport_->fall_ill(requests("POST", "/branch/"), illness.reply);
    const std::string error =
        testing::message_of<Error>([&] { push_folder(client_, folder_ / "net", to_branch); });
    transport_->heal();
    if (illness.reply.status ==
        409) {  // "it is there already": what comes next finds that it is not
      EXPECT_NE(error.find("Revision 'v2'"), std::string::npos) << error;
    } else {
      expect_words(error, illness);
    }
    EXPECT_EQ(well_.list_repo_refs(repo).branches.size(), 1U);
    push_folder(client_, folder_ / "net", to_branch);
    EXPECT_TRUE(well_.file_exists(repo, "model.safetensors", "v2"));
    EXPECT_FALSE(well_.file_exists(repo, "model.safetensors"));
  }
}

}  // namespace
}  // namespace torchhub
