// Somebody edits the card on the Hub between a push's look at it and its commit.
#include "push/saved_job.h"
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_folder.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/resume.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Lets somebody act when a request of this kind comes by, before it goes on.
class InTheMiddle final : public Transport {
 public:
  /// @param times how many of the requests that come from now on
  void before_posts_to(std::string part, int times, std::function<void()> act) {
    const std::lock_guard lock(mutex_);
    part_ = std::move(part);
    left_ = times;
    act_ = std::move(act);
  }

  Response send(const Request& request, std::stop_token stop) override {
    if (comes_before(request)) act_();
    return inner_->send(request, std::move(stop));
  }

 private:
  bool comes_before(const Request& request) {
    const std::lock_guard lock(mutex_);
    const bool meant =
        left_ > 0 && request.method == "POST" && request.url.find(part_) != std::string::npos;
    if (meant) --left_;
    return meant;
  }

  const std::shared_ptr<Transport> inner_ = make_curl_transport();
  std::mutex mutex_;
  std::string part_;           // guarded by mutex_
  int left_ = 0;               // guarded by mutex_
  std::function<void()> act_;  // changed only while nobody sends
};

std::string two_section_card(const std::string& accuracy) {
  return "---\ntags:\n- generated_from_trainer\n---\n\n# net\n\n"
         "This model was trained from scratch on an unknown dataset.\n"
         "It achieves the following results on the evaluation set:\n- Accuracy: " +
         accuracy +
         "\n\n## Model description\n\nMore information needed\n\n"
         "## Intended uses & limitations\n\nMore information needed\n";
}

class PushRace : public ::testing::Test {
 protected:
  void SetUp() override { somebody_.create_repo(repo_); }

  PushJob save(std::int64_t step, const std::string& card) const {
    return testing::saved_job(journal_, repo_, hub_.base_url(), step, card);
  }

  PushOutcome push(const PushJob& job) const { return push_job(client_, job, journal_); }

  std::string card() const { return read_file(somebody_.hub_download(repo_, "README.md")); }

  void commit_card(const std::string& text) const {
    somebody_.create_commit(repo_, {CommitOperationAdd::from_bytes("README.md", text)},
                            {.commit_message = "by hand"});
  }
  /// The n-th of them says "Words <n>." in the first section that has none yet.
  void write_words() const {
    const std::string placeholder = "More information needed";
    std::string text = card();
    const std::size_t at = text.find(placeholder);
    const std::string words = fmt::format("Words {}.", ++*edits_);
    if (at == std::string::npos) {
      text += "\n" + words + "\n";
    } else {
      text.replace(at, placeholder.size(), words);
    }
    commit_card(text);
  }

  /// Oldest first, without the first.
  Names titles() const {
    Names names = testing::commit_titles(somebody_, repo_);
    names.erase(names.begin());
    return names;
  }
  static void expect_in(const std::string& card, const std::string& part) {
    EXPECT_NE(card.find(part), std::string::npos) << part << " in:\n" << card;
  }

  const TempDir folder_;
  const LocalHub hub_;
  const std::shared_ptr<InTheMiddle> middle_ = std::make_shared<InTheMiddle>();
  const HubClient client_{{.endpoint = hub_.base_url(),
                           .token = hub_.token(),
                           .cache_dir = folder_ / "cache",
                           .transport = middle_}};
  const HubClient somebody_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "theirs"}};
  const Repo repo_{.id = {.owner = "demo", .name = "net"}};
  const PushJournal journal_{folder_ / "run"};
  const std::shared_ptr<int> edits_ = std::make_shared<int>(0);
};

TEST_F(PushRace, KeepsBothEditsOfTheCardInOneCommitOnTop) {
  for (const char* moment : {"/preupload/", "/info/lfs/objects/batch", "/commit/"}) {
    SCOPED_TRACE(moment);
    const std::int64_t step = 2 * (*edits_ + 1);
    push(save(step - 1, two_section_card("0.5")));
    const Names before = titles();
    middle_->before_posts_to(moment, 1, [&] { write_words(); });
    const PushOutcome outcome = push(save(step, two_section_card(fmt::format("0.{}", 5 + step))));
    EXPECT_TRUE(outcome.ok());
    expect_in(card(), fmt::format("Words {}.", *edits_));
    expect_in(card(), fmt::format("Accuracy: 0.{}", 5 + step));
    EXPECT_EQ(outcome.merged_card, card());
    Names after = before;
    after.insert(after.end(), {"by hand", fmt::format("step {}", step)});
    EXPECT_EQ(titles(), after);
    EXPECT_EQ(read_file(somebody_.hub_download(repo_, "model.safetensors")),
              fmt::format("weights of {}", step));
  }
}

TEST_F(PushRace, KeepsMetadataThatSomebodySetMeanwhile) {
  push(save(1, two_section_card("0.5")));
  middle_->before_posts_to("/commit/", 1, [&] {
    std::string text = card();
    commit_card(text.replace(0, 4, "---\nlicense: mit\n"));
  });
  push(save(2, two_section_card("0.6")));
  expect_in(card(), "license: mit");
  expect_in(card(), "generated_from_trainer");
  expect_in(card(), "Accuracy: 0.6");
  EXPECT_EQ(titles(), (Names{"step 1", "by hand", "step 2"}));
}

TEST_F(PushRace, KeepsTheCardThatSomebodyMadeWhereThereWasNone) {
  middle_->before_posts_to("/commit/", 1, [&] { commit_card("# A net for shirts\n"); });
  push(save(1, two_section_card("0.5")));
  expect_in(card(), "A net for shirts");
  EXPECT_EQ(titles(), (Names{"by hand", "step 1"}));
}

TEST_F(PushRace, LooksAgainAsOftenAsSomebodyIsFaster) {
  push(save(1, two_section_card("0.5")));
  middle_->before_posts_to("/commit/", 4, [&] { write_words(); });
  EXPECT_TRUE(push(save(2, two_section_card("0.6"))).ok());
  for (int edit = 1; edit <= 4; ++edit) expect_in(card(), fmt::format("Words {}.", edit));
  expect_in(card(), "Accuracy: 0.6");
  EXPECT_EQ(titles(), (Names{"step 1", "by hand", "by hand", "by hand", "by hand", "step 2"}));
}

TEST_F(PushRace, GivesUpWithoutATraceWhereSomebodyIsAlwaysFasterAndIsPushedLater) {
  push(save(1, two_section_card("0.5")));
  middle_->before_posts_to("/commit/", 1000, [&] { write_words(); });
  {
    const PushJob job = save(2, two_section_card("0.6"));
    journal_.remember(job);
    EXPECT_THROW(push(job), HeadMovedError);
  }
  EXPECT_EQ(titles(), (Names{"step 1", "by hand", "by hand", "by hand", "by hand", "by hand"}));
  EXPECT_EQ(read_file(somebody_.hub_download(repo_, "model.safetensors")), "weights of 1");
  middle_->before_posts_to("/commit/", 0, {});
  const std::vector<PushJob> left = pushes_left(journal_);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(push(left.front()).ok());
  for (int edit = 1; edit <= 5; ++edit) expect_in(card(), fmt::format("Words {}.", edit));
  expect_in(card(), "Accuracy: 0.6");
  EXPECT_EQ(titles().back(), "step 2");
}

TEST_F(PushRace, OfAFolderKeepsBothToo) {
  write_file_atomically(folder_ / "net/model.safetensors", "weights");
  write_file_atomically(folder_ / "net/README.md", two_section_card("0.5"));
  const PushFolderOptions merge{.repo_id = "demo/net", .card_mode = CardMode::merge};
  push_folder(client_, folder_ / "net", merge);
  write_file_atomically(folder_ / "net/README.md", two_section_card("0.6"));
  middle_->before_posts_to("/commit/", 1, [&] { write_words(); });
  push_folder(client_, folder_ / "net", merge);
  expect_in(card(), "Words 1.");
  expect_in(card(), "Accuracy: 0.6");
  EXPECT_EQ(titles(),
            (Names{"Upload folder using torchhub", "by hand", "Upload folder using torchhub"}));
}

}  // namespace
}  // namespace torchhub
