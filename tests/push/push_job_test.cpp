#include "torchhub/push/push_job.h"

#include "push/push_check.h"
#include "push/saved_job.h"
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/http/transport.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/push/secrets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::LocalHub;
using testing::TempDir;
using Names = std::vector<std::string>;

std::string generated(const std::string& accuracy) {
  return "---\ntags:\n- generated_from_trainer\n---\n\n# net\n\n"
         "This model was trained from scratch on an unknown dataset.\n"
         "It achieves the following results on the evaluation set:\n- Accuracy: " +
         accuracy + "\n\n## Model description\n\nMore information needed\n";
}

std::string with_words(std::string card, const std::string& words) {
  const std::string placeholder = "More information needed";
  return card.replace(card.find(placeholder), placeholder.size(), words);
}

class PushJobs : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo(repo_); }

  PushJob save(std::int64_t step, const std::string& card = {}) const {
    return testing::saved_job(journal_, repo_, hub_.base_url(), step, card);
  }

  PushOutcome push(const PushJob& job) const { return push_job(client_, job, journal_); }

  /// Somebody else's commit.
  void commit(const std::string& path, const std::string& text) const {
    client_.create_commit(repo_, {CommitOperationAdd::from_bytes(path, text)},
                          {.commit_message = "by hand"});
  }

  std::optional<std::string> on_hub(const std::string& path) const {
    if (!client_.file_exists(repo_, path)) return std::nullopt;
    return read_file(client_.hub_download(repo_, path));
  }

  /// Oldest first, without the first.
  Names titles() const {
    Names names = testing::commit_titles(client_, repo_);
    names.erase(names.begin());
    return names;
  }

  const TempDir folder_;
  const LocalHub hub_;
  const HubClient client_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"}};
  const Repo repo_{.id = {.owner = "demo", .name = "net"}};
  const PushJournal journal_{folder_ / "run"};
};

TEST_F(PushJobs, MakeOneCommitHoweverOftenTheyAreDone) {
  const PushJob job = save(1);
  const PushOutcome first = push(job);
  EXPECT_EQ(first.state, PushState::done);
  const PushOutcome again = push(job);
  EXPECT_EQ(again.state, PushState::done);
  EXPECT_EQ(again.commit_oid, first.commit_oid);
  EXPECT_EQ(titles(), Names{"step 1"});
}

TEST_F(PushJobs, KeepWordsThatWereWrittenOnTheHubInEveryLaterPush) {
  push(save(1, generated("0.5")));
  commit("README.md", with_words(generated("0.5"), "A net for shirts."));
  const PushOutcome outcome = push(save(2, generated("0.6")));
  ASSERT_TRUE(outcome.merged_card.has_value());
  EXPECT_EQ(on_hub("README.md"), outcome.merged_card);
  push(save(3, generated("0.7")));
  const std::string card = on_hub("README.md").value();
  EXPECT_NE(card.find("A net for shirts."), std::string::npos) << card;
  EXPECT_NE(card.find("Accuracy: 0.7"), std::string::npos) << card;
  EXPECT_EQ(card.find("Accuracy: 0.6"), std::string::npos) << card;
}

/// Answers each question for the card as a Hub that is ill.
class NoCard final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    if (request.url.find("/resolve/") != std::string::npos) return {.status = 503};
    return inner_->send(request, std::move(stop));
  }

 private:
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

TEST_F(PushJobs, DoNotTakeAHubThatDoesNotAnswerForOneWithoutACard) {
  push(save(1, generated("0.5")));
  commit("README.md", with_words(generated("0.5"), "A net for shirts."));
  HubOptions ill = client_.options();
  ill.transport = std::make_shared<NoCard>();
  ill.cache_dir = folder_ / "another-cache";
  ill.retry.max_retries = 0;
  EXPECT_THROW(push_job(HubClient(ill), save(2, generated("0.6")), journal_), Error);
  EXPECT_NE(on_hub("README.md")->find("A net for shirts."), std::string::npos);
}

TEST_F(PushJobs, TakeTheUsersOwnLaterWordsWhereTheHubHasNone) {
  push(save(1, generated("0.5")));
  const PushOutcome outcome = push(save(2, with_words(generated("0.6"), "Written here.")));
  EXPECT_FALSE(outcome.merged_card.has_value());
  EXPECT_NE(on_hub("README.md")->find("Written here."), std::string::npos);
}

TEST_F(PushJobs, GoOnTopOfAForeignCommitOrFailAsAsked) {
  push(save(1));
  commit("notes.txt", "mine");
  PushJob strict = save(2);
  strict.moved_branch = MovedBranch::fail;
  EXPECT_THROW(push(strict), HeadMovedError);
  EXPECT_EQ(on_hub("model.safetensors"), "weights of 1");
  push(save(2));
  EXPECT_EQ(titles(), (Names{"step 1", "by hand", "step 2"}));
  EXPECT_EQ(on_hub("notes.txt"), "mine");
}

TEST_F(PushJobs, RefuseAFileThatHoldsTheTokenBeforeAnythingTravels) {
  PushJob job = save(1);
  job.snapshot.add_text("token: " + hub_.token() + "\n", "run/config.yaml");
  try {
    push(job);
    FAIL();
  } catch (const SecretFoundError& error) {
    EXPECT_EQ(error.path(), "run/config.yaml");
    EXPECT_EQ(error.offset(), 7U);
    EXPECT_EQ(std::string(error.what()).find(hub_.token()), std::string::npos);
  }
  EXPECT_TRUE(titles().empty());
}

TEST_F(PushJobs, BringOnlyWhatLastsAfterANewerSaveHasArrived) {
  PushJob older = save(1, generated("0.1"));
  older.snapshot.add_text("all of it", "checkpoint-1/trainer_state.json");
  older.lasting = {"checkpoint-1/*"};
  EXPECT_TRUE(push(save(2, generated("0.2"))).brings_weights);
  const PushOutcome outcome = push(older);
  EXPECT_EQ(outcome.state, PushState::done);
  EXPECT_FALSE(outcome.brings_weights);  // a card must not name its commit for them
  EXPECT_EQ(on_hub("model.safetensors"), "weights of 2");
  EXPECT_NE(on_hub("README.md")->find("0.2"), std::string::npos);
  EXPECT_EQ(on_hub("checkpoint-1/trainer_state.json"), "all of it");
}

TEST_F(PushJobs, AreSupersededWithoutARequestIfNothingOfThemLasts) {
  const PushJob older = save(1);
  push(save(2));
  EXPECT_EQ(push(older).state, PushState::superseded);
  EXPECT_EQ(titles(), Names{"step 2"});
}

TEST_F(PushJobs, DeleteWhatTheyReplaceInTheSameCommit) {
  commit("model-00001-of-00002.safetensors", "an older form");
  push(save(1));
  EXPECT_EQ(on_hub("model-00001-of-00002.safetensors"), std::nullopt);
  EXPECT_EQ(titles(), (Names{"by hand", "step 1"}));
}

/// Of a process that was killed.
class PushJobsLeft : public PushJobs {
 protected:
  PushJob left(std::int64_t step) const {
    PushJob job = save(step);
    job.is_left = true;
    return job;
  }
};

TEST_F(PushJobsLeft, GoOnTopOfWhatDoesNotTouchTheirFiles) {
  push(save(1));
  const PushJob job = left(2);
  commit("README.md", "# Words\n");
  commit("notes.txt", "mine");
  const PushOutcome outcome = push(job);
  EXPECT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome.was_left);
  EXPECT_EQ(on_hub("model.safetensors"), "weights of 2");
}

TEST_F(PushJobsLeft, DoNotOverwriteWhatOthersHavePushedSince) {
  push(save(1));
  commit("model.safetensors", "newer ones from elsewhere");
  const PushJob job = left(2);
  const std::string message = testing::message_of<BranchMovedError>([&] { push(job); });
  EXPECT_NE(message.find("model.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("--on-top"), std::string::npos) << message;
  EXPECT_EQ(on_hub("model.safetensors"), "newer ones from elsewhere");
}

TEST_F(PushJobsLeft, AreRefusedAgainAfterAnotherJobOfTheirsHasArrived) {
  push(save(1));
  commit("model.safetensors", "newer ones from elsewhere");
  const PushJob job = left(2);
  journal_.remember(job);
  EXPECT_THROW(push(job), BranchMovedError);
  PushJob beside = save(3);
  beside.lane = "another";
  beside.snapshot = journal_.new_snapshot();
  beside.snapshot.add_text("x", "notes.txt");
  beside.replaced = {};
  push(beside);
  const auto note = job.snapshot.note().value();
  PushJob again = job;
  again.refused_since = note.substr(note.find("refused_since\": \"") + 17, 40);
  EXPECT_THROW(push(again), BranchMovedError);
  job.snapshot.release();
}

TEST_F(PushJobsLeft, AreNotDoneAgainWhereOnlyTheirFolderIsLeft) {
  PushJob job = save(1);
  push(job);
  commit("model.safetensors", "newer ones from elsewhere");
  job.is_left = true;
  EXPECT_EQ(push(job).state, PushState::superseded);
  EXPECT_EQ(on_hub("model.safetensors"), "newer ones from elsewhere");
}

TEST_F(PushJobsLeft, GoUpOneAfterTheOther) {
  push(save(1));
  const PushJob second = left(2);
  const PushJob third = left(3);
  EXPECT_TRUE(push(second).ok());
  EXPECT_TRUE(push(third).ok());
  EXPECT_EQ(titles(), (Names{"step 1", "step 2", "step 3"}));
}

TEST_F(PushJobsLeft, KnowTheirOwnCommitWhoseProcessDidNotLiveToNoteIt) {
  push(save(1));
  commit("model.safetensors", "weights of 2");  // as the killed process had committed it
  EXPECT_TRUE(push(left(2)).ok());
  EXPECT_EQ(titles(), (Names{"step 1", "by hand"}));
}

/// As in CardSync: a section that a machine wrote and that is not always refreshed.
std::string counted(int step) {
  return fmt::format("# net\n\n## Progress\n\nAfter update {}.\n", step);
}

/// Calls a function when a commit has been made.
class AfterCommit final : public Transport {
 public:
  explicit AfterCommit(std::function<void()> action) : action_(std::move(action)) {}
  Response send(const Request& request, std::stop_token stop) override {
    Response response = inner_->send(request, std::move(stop));
    if (request.url.find("/commit/") != std::string::npos) action_();
    return response;
  }

 private:
  std::function<void()> action_;
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

// Else the next push would take what this one wrote for people's words, for ever.
TEST_F(PushJobsLeft, KnowTheCardThatWasPushedBeforeTheyAreNoted) {
  push(save(1, counted(1)));
  const fs::path note = journal_.folder() / "last.json";
  const std::string before = read_file(note);
  HubOptions dies = client_.options();
  dies.transport = std::make_shared<AfterCommit>([&] {  // as it comes to note the push
    fs::remove(note);
    fs::create_directory(note);
  });
  EXPECT_THROW(push_job(HubClient(dies), save(2, counted(2)), journal_), FileError);
  fs::remove(note);
  write_file_atomically(note, before);
  EXPECT_EQ(on_hub("README.md"), counted(2));
  push(save(3, counted(3)));
  EXPECT_EQ(on_hub("README.md"), counted(3));
}

TEST_F(PushJobs, KeepTheCardsOfTwoRepositoriesApart) {
  const auto card_of = [](int version) {
    return fmt::format("# net\n\n### Framework versions\n\n- torchhub {}\n", version);
  };
  push(save(1, card_of(1)));
  const Repo other{.id = {.owner = "demo", .name = "other"}};
  client_.create_repo(other);
  client_.create_commit(other, {CommitOperationAdd::from_bytes("README.md", "# net\n\nWords.\n")},
                        {.commit_message = "words"});
  push(testing::saved_job(journal_, other, hub_.base_url(), 2, card_of(2)));
  const std::string card = read_file(client_.hub_download(other, "README.md"));
  EXPECT_NE(card.find("Words."), std::string::npos) << card;
  EXPECT_NE(card.find("- torchhub 2"), std::string::npos) << card;
  push(save(3, card_of(3)));
  EXPECT_EQ(on_hub("README.md"), card_of(3));
}

/// Loses the answer to the first request whose address has `part`, and everything after it.
class LosesAnswers final : public Transport {
 public:
  explicit LosesAnswers(std::string part) : part_(std::move(part)) {}
  Response send(const Request& request, std::stop_token stop) override {
    if (is_away_) throw ConnectionError("the hub is away", request.url);
    Response response = inner_->send(request, std::move(stop));
    is_away_ = request.method == "POST" && request.url.find(part_) != std::string::npos;
    if (is_away_) throw ConnectionError("the answer is lost", request.url);
    return response;
  }

 private:
  std::string part_;
  std::atomic<bool> is_away_ = false;
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

class PushJobsInDoubt : public PushJobs {
 protected:
  /// With a file of its own in place of that of the step before.
  PushJob strict(int step) {
    PushJob job = save(step, counted(step));
    job.snapshot.add_text("of " + std::to_string(step), fmt::format("step-{}.txt", step));
    job.replaced = {"step-*.txt"};
    job.moved_branch = MovedBranch::fail;
    return job;
  }
  /// A client that is lost after that request.
  HubClient lost_after(const std::string& part) const {
    HubOptions options = client_.options();
    options.transport = std::make_shared<LosesAnswers>(part);
    options.retry.max_retries = 0;
    return HubClient(options);
  }
};

TEST_F(PushJobsInDoubt, KnowTheirCardWhereTheirCommitArrivedAndItsAnswerDidNot) {
  for (const bool edited : {false, true}) {  // by somebody, meanwhile
    const int first = edited ? 4 : 1;
    push(save(first, counted(first)));
    EXPECT_THROW(push_job(lost_after("/commit/"), save(first + 1, counted(first + 1)), journal_),
                 Error);
    ASSERT_EQ(on_hub("README.md"), counted(first + 1)) << "it arrived";
    if (edited) commit("README.md", counted(first + 1) + "\n## Notes\n\nTheirs.\n");
    push(save(first + 2, counted(first + 2)));  // it took the other one's place
    const std::string card = on_hub("README.md").value();
    EXPECT_NE(card.find(fmt::format("After update {}.", first + 2)), std::string::npos) << card;
    EXPECT_EQ(card.find("Theirs.") != std::string::npos, edited) << card;
  }
}

TEST_F(PushJobsInDoubt, KnowThatTheirCardDidNotArrive) {
  push(save(1, counted(1)));
  EXPECT_THROW(push_job(lost_after("/preupload/"), save(2, counted(2)), journal_), Error);
  commit("README.md", counted(1) + "\n## Notes\n\nTheirs.\n");
  push(save(3, counted(3)));
  EXPECT_EQ(on_hub("README.md"), counted(3) + "\n## Notes\n\nTheirs.\n");
}

TEST_F(PushJobsInDoubt, MakeTheirTagLaterWhereTheCommitAloneWasMade) {
  PushJob job = save(1);
  job.tag = "v1";
  journal_.remember(job);
  EXPECT_THROW(push_job(lost_after("/commit/"), job, journal_), Error);
  job = {};
  for (const PushJob& left : journal_.unfinished()) {
    EXPECT_EQ(left.tag, "v1");
    EXPECT_TRUE(push(left).ok());
  }
  EXPECT_EQ(titles(), Names{"step 1"});
  EXPECT_EQ(client_.repo_info(repo_, "v1").sha, client_.repo_info(repo_).sha);
}

TEST_F(PushJobsInDoubt, AreNoForeignCommitWhereThoseAreRefused) {
  int step = 1;
  push(strict(step));
  const std::vector<std::pair<std::string, std::string>> foreign{
      {}, {"README.md", "# Theirs\n"}, {"notes.txt", "theirs"}, {"model.safetensors", "theirs"}};
  for (const auto& [path, text] : foreign) {
    SCOPED_TRACE(path);
    EXPECT_THROW(push_job(lost_after("/commit/"), strict(++step), journal_), Error);
    ASSERT_EQ(on_hub("README.md"), counted(step)) << "it arrived";
    if (path.empty()) {
      EXPECT_TRUE(push(strict(++step)).ok());
    } else {
      commit(path, text);
      EXPECT_THROW(push(strict(++step)), HeadMovedError);
      EXPECT_EQ(on_hub(path), text);
      ++step;
      push(save(step, counted(step)));  // merged, and noted
    }
  }
}

TEST_F(PushJobsInDoubt, KnowWhatTheyHaveDeletedAndWhatOthersHave) {
  const auto replaces_nothing = [&](int step) {
    PushJob job = save(step, counted(step));
    job.moved_branch = MovedBranch::fail;
    return job;
  };
  push(strict(1));
  EXPECT_THROW(push_job(lost_after("/commit/"), strict(2), journal_), Error);
  ASSERT_FALSE(on_hub("step-1.txt").has_value()) << "it arrived";
  EXPECT_TRUE(push(replaces_nothing(3)).ok());
  EXPECT_THROW(push_job(lost_after("/commit/"), replaces_nothing(4), journal_), Error);
  client_.create_commit(repo_, {CommitOperationDelete{"step-2.txt"}}, {.commit_message = "theirs"});
  EXPECT_THROW(push(replaces_nothing(5)), HeadMovedError);
}

TEST_F(PushJobsInDoubt, AreFoundByADryRunToGoWhereTheyDo) {
  push(strict(1));
  PushJob job = strict(2);
  journal_.remember(job);
  EXPECT_THROW(push_job(lost_after("/commit/"), job, journal_), Error);
  job = {};
  const auto left = list_pushes_left(journal_);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_NO_THROW(require_may_go(client_, left[0], journal_, /*on_top=*/false));
  commit("notes.txt", "theirs");
  EXPECT_THROW(require_may_go(client_, left[0], journal_, /*on_top=*/false), BranchMovedError);
  EXPECT_NO_THROW(require_may_go(client_, left[0], journal_, /*on_top=*/true));
}

// Its commit is ours, though nobody noted it, and its files are not those of the newer job.
TEST_F(PushJobsInDoubt, AreNoChangeOfOthersForTheJobThatTookTheirPlace) {
  push(save(1));
  EXPECT_THROW(push_job(lost_after("/commit/"), save(2), journal_), Error);
  PushJob newer = save(3);
  newer.is_left = true;
  EXPECT_TRUE(push(newer).ok());
  EXPECT_EQ(titles(), (Names{"step 1", "step 2", "step 3"}));
  commit("model.safetensors", "weights of 2");  // by somebody, and that is noted now
  PushJob left = save(4);
  left.is_left = true;
  EXPECT_THROW(push(left), BranchMovedError);
}

}  // namespace
}  // namespace torchhub
