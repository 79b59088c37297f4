// A run whose Hub refuses, stumbles or says nothing, at each place that a push passes: training
// comes to its end, what was saved is kept, and arrives once when the Hub is well again.
#include "support/commit_titles.h"
#include "support/fake_clock.h"
#include "support/ill_transport.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/resume.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace torchhub {
namespace {

using testing::IllTransport;
using testing::ScriptedReply;
using testing::TempDir;
using Names = std::vector<std::string>;

struct Place {
  std::string name;
  std::function<bool(const Request&)> picks;
};

bool creates_a_repo(const Request& request) { return request.url.ends_with("/api/repos/create"); }

std::vector<Place> places_of_a_push() {
  const auto posts_to = [](const std::string& part) {
    return [part](const Request& request) {
      return request.method == "POST" && request.url.find(part) != std::string::npos;
    };
  };
  return {{"preupload", posts_to("/preupload/")},
          {"commit", posts_to("/commit/")},
          {"upload", [](const Request& request) { return request.method == "PUT"; }}};
}

struct Illness {
  std::string name;
  ScriptedReply reply;
  /// Nothing that the run can do mends it: it does not ask again.
  bool is_final = false;
  /// What the error says of the cause, and what to do; of a silent Hub, by its connection.
  Names words = {};
};

std::vector<Illness> illnesses() {
  return {
      {"401", {.status = 401}, true, {"The token was refused", "Check HF_TOKEN"}},
      {"403", {.status = 403}, true, {"Not allowed", "token with write access"}},
      {"404", {.status = 404}, false, {"(404", "Check that HF_ENDPOINT is a Hub"}},
      {"409", {.status = 409}, false, {"Conflict", "Look at what is there and try again"}},
      {"412", {.status = 412}, false, {"The branch has moved", "Read its new head"}},
      {"413", {.status = 413}, true, {"Too large", "Send less at once"}},
      {"429",
       {.status = 429, .headers = {{"Retry-After", "7"}}},
       false,
       {"Too many requests", "Try again in 8 s"}},
      {"500", {.status = 500}, false, {"(500", "try again later"}},
      {"a closed connection", {.cut_after = -1}, false, {"127.0.0.1"}},
      {"silence", {.hang = true}, false, {"127.0.0.1"}},
  };
}

/// Calls a function when training begins: the Trainer has been built by then.
class AtTrainBegin final : public TrainerCallback {
 public:
  explicit AtTrainBegin(std::function<void()> action) : action_(std::move(action)) {}
  std::string name() const override { return "AtTrainBegin"; }
  void on_train_begin(const TrainerEvent&) override { action_(); }

 private:
  std::function<void()> action_;
};

class PushFailures : public ::testing::Test {
 protected:
  /// Two saves that are both wanted, to a repository of this name.
  TrainerOptions options(
      const std::string& name, std::function<void()> at_begin = [] {}) {
    return {.model = testing::tiny_model(),
            .args = {.output_dir = folder_ / name,
                     .max_steps = 4,
                     // Weights of its own: what the Hub has already does not travel.
                     .learning_rate = 0.001 * (1 + runs_),
                     .disable_tqdm = true,
                     .save_steps = 2,
                     .push_to_hub = true,
                     .hub_always_push = true},
            .train_dataset = testing::tiny_dataset(16),
            .callbacks = {std::make_shared<AtTrainBegin>(std::move(at_begin))},
            .hub = hub_options_};
  }

  Names titles(const std::string& name) const {
    return testing::commit_titles(client_, {.id = RepoId::parse("demo/" + name)});
  }

  /// As `torchhub push resume` does it.
  void push_what_is_left(const std::string& name) const {
    const PushJournal journal(folder_ / name);
    for (PushJob& job : pushes_left(journal)) {
      push_job(client_, job, journal);
      job.snapshot.release();
    }
  }

  void expect_told_and_kept(const TrainOutput& out, const Illness& illness,
                            const std::string& name) {
    EXPECT_EQ(out.global_step, 4);
    EXPECT_FALSE(out.pushed_all());
    ASSERT_EQ(out.pushes.size(), 2U);
    for (const PushOutcome& push : out.pushes) {
      EXPECT_EQ(push.state, PushState::failed);
      for (const std::string& word : illness.words) {
        EXPECT_NE(push.error.find(word), std::string::npos) << push.error;
      }
    }
    EXPECT_EQ(out.full_report().find(hub_.token()), std::string::npos);
    EXPECT_TRUE(is_complete_checkpoint(folder_ / name / "checkpoint-4"));
    EXPECT_EQ(PushJournal(folder_ / name).noted().size(), 2U);
    EXPECT_EQ(titles(name), Names{"initial commit"});
  }

  int runs_ = 0;
  int waits_ = 0;  ///< Of 8 s, so far.
  const Names both_saves_{"initial commit", "Training in progress, step 2",
                          "Training in progress, step 4"};
  const TempDir folder_;
  const testing::LocalHub hub_;
  const std::shared_ptr<IllTransport> transport_ = std::make_shared<IllTransport>();
  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  const HubOptions hub_options_{.endpoint = hub_.base_url(),
                                .token = hub_.token(),
                                .cache_dir = folder_ / "cache",
                                .retry = {.max_retries = 2},
                                .transport = transport_,
                                .clock = clock_};
  const HubClient client_{hub_options_};
};

TEST_F(PushFailures, AreToldAndEverySaveArrivesOnceWhenTheHubIsWellAgain) {
  for (const Place& place : places_of_a_push()) {
    for (const Illness& illness : illnesses()) {
      SCOPED_TRACE(place.name + ": " + illness.name);
      const std::string name = fmt::format("net-{}", ++runs_);
      const auto fall_ill = [&] { transport_->fall_ill(place.picks, illness.reply); };
      expect_told_and_kept(Trainer(options(name, fall_ill)).train(), illness, name);
      if (illness.is_final) {
        // A signed link that is refused may have run out: a fresh one is asked for, once.
        const bool asks_for_a_link = place.name == "upload" && illness.reply.status == 403;
        EXPECT_EQ(transport_->picked(), asks_for_a_link ? 4 : 2);
      }
      transport_->heal();
      push_what_is_left(name);
      EXPECT_EQ(titles(name), both_saves_);
      push_what_is_left(name);
      EXPECT_EQ(titles(name), both_saves_);
    }
  }
}

TEST_F(PushFailures, OfAMomentDelayAPushAndNoMore) {
  for (const Place& place : places_of_a_push()) {
    for (const Illness& illness : illnesses()) {
      const int status = illness.reply.status;
      const bool is_conflict = status == 409 || status == 412;
      if (illness.is_final || status == 404 || (is_conflict && place.name != "commit")) continue;
      SCOPED_TRACE(place.name + ": " + illness.name);
      const std::string name = fmt::format("net-{}", ++runs_);
      const auto fall_ill = [&] { transport_->fall_ill(place.picks, illness.reply, 2); };
      EXPECT_TRUE(Trainer(options(name, fall_ill)).train().pushed_all());
      EXPECT_EQ(transport_->picked(), 2);
      EXPECT_EQ(titles(name), both_saves_);
      if (status == 429) {
        const auto sleeps = clock_->sleeps();
        waits_ += 2;
        EXPECT_EQ(std::count(sleeps.begin(), sleeps.end(), std::chrono::seconds(8)), waits_);
      }
    }
  }
}

TEST_F(PushFailures, AtTheStartEndTheRunBeforeItTrains) {
  for (const Illness& illness : illnesses()) {
    if (illness.reply.status == 409 || illness.reply.status == 412) continue;
    SCOPED_TRACE(illness.name);
    transport_->fall_ill(creates_a_repo, illness.reply);
    const std::string message =
        testing::message_of<Error>([&] { const Trainer trainer(options("net")); });
    transport_->heal();
    for (const std::string& word : illness.words) {
      EXPECT_NE(message.find(word), std::string::npos) << message;
    }
    EXPECT_EQ(message.find(hub_.token()), std::string::npos);
    EXPECT_FALSE(client_.repo_exists({.id = RepoId::parse("demo/net")}));
    EXPECT_TRUE(PushJournal(folder_ / "net").noted().empty());
  }
}

TEST_F(PushFailures, OfAMomentAtTheStartAreNone) {
  for (const Illness& illness : illnesses()) {
    const int status = illness.reply.status;
    if (illness.is_final || status == 404 || status == 409 || status == 412) continue;
    SCOPED_TRACE(illness.name);
    const std::string name = fmt::format("net-{}", ++runs_);
    transport_->fall_ill(creates_a_repo, illness.reply, 2);
    EXPECT_TRUE(Trainer(options(name)).train().pushed_all());
    EXPECT_EQ(transport_->picked(), 2);
    EXPECT_EQ(titles(name), both_saves_);
  }
}

TEST_F(PushFailures, OfASaveNeverPutItOnTopOfANewerOne) {
  // The first save's commit fails for good while the second one waits behind it, and by the time it
  // is tried again the second one is on the Hub.
  std::atomic<bool> may_fail = false;
  const auto first_commits = [&, commits = 0](const Request& request) mutable {
    if (request.url.find("/commit/") == std::string::npos || ++commits > 3) return false;
    while (!may_fail) std::this_thread::yield();
    return true;
  };
  TrainerOptions two_saves =
      options("net", [&] { transport_->fall_ill(first_commits, {.status = 500}); });
  class AtTrainEnd final : public TrainerCallback {
   public:
    explicit AtTrainEnd(std::function<void()> action) : action_(std::move(action)) {}
    std::string name() const override { return "AtTrainEnd"; }
    void on_train_end(const TrainerEvent&) override { action_(); }

   private:
    std::function<void()> action_;
  };
  two_saves.callbacks.push_back(std::make_shared<AtTrainEnd>([&] {
    may_fail = true;
    while (titles("net").size() < 2) std::this_thread::yield();
  }));
  const TrainOutput out = Trainer(std::move(two_saves)).train();
  EXPECT_EQ(titles("net"), (Names{"initial commit", "Training in progress, step 4"}));
  EXPECT_EQ(read_file(client_.hub_download({.id = RepoId::parse("demo/net")}, "model.safetensors")),
            read_file(folder_ / "net/checkpoint-4/model.safetensors"));
  EXPECT_TRUE(out.pushed_all());
  EXPECT_TRUE(PushJournal(folder_ / "net").noted().empty());
}

}  // namespace
}  // namespace torchhub
