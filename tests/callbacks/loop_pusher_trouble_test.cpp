// What a hand-written loop saves arrives, whatever stands in its way.
#include "callbacks/looping.h"
#include "support/child_process.h"
#include "support/message_of.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/resume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using LoopInTrouble = testing::Looping;
using testing::message_of;
using Names = std::vector<std::string>;

// HD-12: the newest state waits for the upload under way, and is then pushed.
TEST_F(LoopInTrouble, BringsTheLastStateToASlowHub) {
  LoopPusherOptions slow = options();
  slow.save_model = [this](const fs::path& folder) {
    if (weights_ == "best") gate_->set_shut(false);  // the end is being saved
    write_file_atomically(folder / "model.safetensors", weights_);
  };
  LoopPusher pusher(std::move(slow));
  pusher.on_train_begin();
  gate_->set_shut(true);
  for (const int n : {1, 2, 3}) epoch(pusher, "epoch " + std::to_string(n), 1.0 / n);
  EXPECT_EQ(titles(), Names{"initial commit"});
  weights_ = "best";
  const std::vector<PushOutcome> outcomes = pusher.on_train_end();
  EXPECT_TRUE(pusher.pushed_all());
  EXPECT_EQ(titles().back(), "End of training");
  EXPECT_EQ(on_hub("model.safetensors"), "best");
  EXPECT_NE(on_hub("README.md").find("| 3     |\n"), std::string::npos);
  EXPECT_EQ(outcomes.size(), 4U);
  EXPECT_GE(std::count_if(outcomes.begin(), outcomes.end(),
                          [](const auto& o) { return o.state == PushState::superseded; }),
            1);
}

// HD-14: nothing waits for ever.
TEST_F(LoopInTrouble, LeavesToTheNextStartWhatATimeLimitCutsOff) {
  LoopPusherOptions impatient = options();
  impatient.time_limit = std::chrono::milliseconds(10);
  {
    LoopPusher pusher(std::move(impatient));
    gate_->set_shut(true);
    weights_ = "trained";
    EXPECT_EQ(pusher.on_train_end().back().state, PushState::queued);
    EXPECT_FALSE(pusher.pushed_all());
  }
  EXPECT_EQ(titles(), Names{"initial commit"});
  gate_->set_shut(false);
  const LoopPusher next(options());
  wait_for_commit("End of training");
  EXPECT_EQ(on_hub("model.safetensors"), "trained");
}

TEST_F(LoopInTrouble, IsPushedByResumeAfterKill) {
  testing::ChildProcess killed(
      {KILLED_LOOP, output_dir_.string(), hub_.base_url(), hub_.token(), folder_ / "cache"});
  EXPECT_EQ(killed.wait(), 128 + SIGKILL) << killed.errors();
  EXPECT_EQ(titles(), Names{"initial commit"});
  const PushJournal journal(output_dir_);
  for (const PushJob& job : pushes_left(journal)) {
    EXPECT_TRUE(push_job(client(), job, journal).ok());
  }
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress epoch 1"}));
  EXPECT_EQ(on_hub("model.safetensors"), "one epoch");
  EXPECT_EQ(on_hub("checkpoint/optimizer.pt"), "moments");
  EXPECT_NE(on_hub("README.md").find("| 0.5        | 1     |\n"), std::string::npos);
  EXPECT_EQ(find_loop_checkpoint(output_dir_).value().epoch(), 1);
}

TEST_F(LoopInTrouble, ClearsWhatAKilledSaveLeft) {
  const fs::path model = output_dir_ / "_torchhub/.tmp-saved-model-0123abcd";
  const fs::path checkpoint = output_dir_ / ".tmp-checkpoint-0123abcd";
  for (const fs::path& folder : {model, checkpoint}) write_file_atomically(folder / "half", "a");
  const LoopPusher pusher(options());
  EXPECT_FALSE(fs::exists(model));
  EXPECT_FALSE(fs::exists(checkpoint));
}

TEST_F(LoopInTrouble, GoesOnWithoutAHubAndPushesWhenItIsBack) {
  Names heard;
  LoopPusherOptions listening = options();
  listening.on_push_end = [&](const PushOutcome& outcome) {
    heard.push_back(outcome.commit_message + ": " + std::string(to_string(outcome.state)));
  };
  LoopPusher pusher(std::move(listening));
  hub_.stop();
  epoch(pusher, "epoch 1", 0.5);
  epoch(pusher, "epoch 2", 0.25);
  hub_.start();
  pusher.on_train_end();
  EXPECT_TRUE(pusher.pushed_all());
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 2");
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "End of training: done"), 1);
}

// HD-6, HD-9: what is on its way is not the folder, but what the save held.
TEST_F(LoopInTrouble, SendsWhatASaveHeldThoughTheNextIsWrittenOverIt) {
  LoopPusher pusher(with_checkpoint());
  gate_->set_shut(true);
  epoch(pusher, "epoch 1", 0.5);
  gate_->wait_for_request();  // its push has begun: no newer one takes its place
  epoch(pusher, "epoch 2", 0.25);
  EXPECT_EQ(read_file(output_dir_ / "model.safetensors"), "epoch 2");
  gate_->set_shut(false);
  const std::vector<PushOutcome> outcomes = pusher.on_train_end();
  const auto first = std::find_if(outcomes.begin(), outcomes.end(), [](const PushOutcome& push) {
    return push.commit_message == "Training in progress epoch 1";
  });
  ASSERT_TRUE(first != outcomes.end() && first->ok());
  EXPECT_EQ(on_hub("model.safetensors", *first->commit_oid), "epoch 1");
  EXPECT_EQ(on_hub("checkpoint/optimizer.pt", *first->commit_oid), "epoch 1 moments");
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 2");
}

TEST_F(LoopInTrouble, PushesNothingOfASaveThatThrows) {
  LoopPusherOptions throwing = with_checkpoint();
  throwing.save_checkpoint = [](const fs::path& folder, std::int64_t epoch) {
    write_file_atomically(folder / "optimizer.pt", std::to_string(epoch));
    if (epoch == 2) throw Error("no moments");
  };
  throwing.save_model = [this](const fs::path& folder) {
    write_file_atomically(folder / "model.safetensors", weights_);
    if (weights_ == "epoch 3") throw std::logic_error("the user's own");
  };
  LoopPusher pusher(std::move(throwing));
  epoch(pusher, "epoch 1", 0.5);
  wait_for_commit("Training in progress epoch 1");
  EXPECT_EQ(message_of<Error>([&] { epoch(pusher, "epoch 2", 0.25); }),
            "saving the checkpoint: no moments");
  EXPECT_EQ(message_of<std::logic_error>([&] { epoch(pusher, "epoch 3", 0.25); }),
            "the user's own");
  EXPECT_EQ(read_file(output_dir_ / "model.safetensors"), "epoch 1");
  EXPECT_EQ(read_file(output_dir_ / "checkpoint/optimizer.pt"), "1");
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress epoch 1"}));
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 1");
  for (const auto& entry : fs::recursive_directory_iterator(output_dir_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".tmp-")) << entry.path();
  }

  epoch(pusher, "epoch 4", 0.125);  // the loop may go on
  pusher.on_train_end();
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 4");
}

TEST_F(LoopInTrouble, SendsNoTokenAndPushesOnceItIsGone) {
  LoopPusher pusher(options());
  write_file_atomically(output_dir_ / "notes.txt", "my token: " + hub_.token());
  epoch(pusher, "epoch 1", 0.5);
  const std::vector<PushOutcome> refused = pusher.on_train_end();
  EXPECT_FALSE(pusher.pushed_all());
  EXPECT_NE(refused.back().error.find("'notes.txt' holds a token"), std::string::npos)
      << refused.back().error;
  EXPECT_EQ(titles(), Names{"initial commit"});
  fs::remove(output_dir_ / "notes.txt");
  pusher.on_train_end();
  EXPECT_TRUE(pusher.pushed_all());
}

TEST_F(LoopInTrouble, TellsOfACardThatCannotBeWrittenAndGoesOn) {
  LoopPusher pusher(options());
  fs::create_directories(output_dir_ / "_torchhub/generated-card.json/in the way");
  epoch(pusher, "epoch 1", 0.5);
  ASSERT_EQ(pusher.outcomes().size(), 1U);
  EXPECT_EQ(pusher.outcomes()[0].state, PushState::failed);
  EXPECT_NE(pusher.outcomes()[0].error.find("generated-card.json"), std::string::npos)
      << pusher.outcomes()[0].error;
  fs::remove_all(output_dir_ / "_torchhub/generated-card.json");
  pusher.on_train_end();
  EXPECT_TRUE(pusher.pushed_all());  // of what could not be handed over there is newer by now
  EXPECT_EQ(on_hub("model.safetensors"), "epoch 1");
}

TEST_F(LoopInTrouble, KeepsPeoplesWordsInTheCard) {
  LoopPusher pusher(options());
  epoch(pusher, "epoch 1", 0.5);
  wait_for_commit("Training in progress epoch 1");
  std::string card = read_file(output_dir_ / "README.md");
  const std::string placeholder = "More information needed";
  card.replace(card.find(placeholder), placeholder.size(), "A net for shirts.");
  write_file_atomically(output_dir_ / "README.md", card);
  card = on_hub("README.md");
  card.replace(card.rfind(placeholder), placeholder.size(), "Written on the Hub.");
  client().create_commit(repo_, {CommitOperationAdd::from_bytes("README.md", card)},
                         {.commit_message = "words"});
  epoch(pusher, "epoch 2", 0.25);
  pusher.on_train_end();
  for (const std::string& text : {on_hub("README.md"), read_file(output_dir_ / "README.md")}) {
    for (const char* part : {"A net for shirts.", "Written on the Hub.", "| 2     |\n"}) {
      EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
    }
  }
}

TEST_F(LoopInTrouble, ASaveThatWasKilledAsItWasPutInPlaceIsFinishedByTheNextStart) {
  write_file_atomically(output_dir_ / "model-00001-of-00002.safetensors", "older");
  write_file_atomically(output_dir_ / "_torchhub/saved-model/model.safetensors", "newer");
  const LoopPusher pusher(options());
  EXPECT_EQ(read_file(output_dir_ / "model.safetensors"), "newer");
  EXPECT_FALSE(std::filesystem::exists(output_dir_ / "model-00001-of-00002.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(output_dir_ / "_torchhub/saved-model"));
}

/// Leaves a save that is complete and not handed over, as a process does that is killed then.
class LoopCutOff : public LoopInTrouble {
 protected:
  void leave_save() {
    LoopPusher pusher(with_checkpoint());
    fs::create_directories(output_dir_ / "_torchhub/generated-card.json/in the way");
    epoch(pusher, "epoch 1", 0.5);
    ASSERT_EQ(pusher.outcomes().size(), 1U);
    EXPECT_EQ(pusher.outcomes()[0].state, PushState::failed);
    fs::remove_all(output_dir_ / "_torchhub/generated-card.json");
  }
};

TEST_F(LoopCutOff, IsPushedByTheNextStart) {
  leave_save();
  EXPECT_EQ(titles(), Names{"initial commit"});
  {
    LoopPusher next(with_checkpoint());
    wait_for_commit("Training in progress epoch 1");
    EXPECT_EQ(on_hub("model.safetensors"), "epoch 1");
    EXPECT_EQ(on_hub("checkpoint/optimizer.pt"), "epoch 1 moments");
  }
  const LoopPusher another(with_checkpoint());
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress epoch 1"}));
}

TEST_F(LoopCutOff, IsListedAndPushedWithoutTheProgram) {
  leave_save();
  const PushJournal journal(output_dir_);
  ASSERT_EQ(list_pushes_left(journal).size(), 1U);
  for (const PushJob& job : pushes_left(journal)) push_job(client(), job, journal);
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress epoch 1"}));
}

TEST_F(LoopInTrouble, CopiesNoWeightsToHandThemOver) {
  LoopPusher pusher(with_checkpoint());
  gate_->set_shut(true);
  epoch(pusher, "epoch 1", 0.5);
  const auto noted = PushJournal(output_dir_).noted();
  ASSERT_EQ(noted.size(), 1U);
  for (const char* file : {"model.safetensors", "checkpoint/optimizer.pt"}) {
    EXPECT_TRUE(fs::equivalent(noted[0].files / file, output_dir_ / file)) << file;
  }
  epoch(pusher, "epoch 2", 0.25);  // changes neither
  EXPECT_EQ(read_file(noted[0].files / "model.safetensors"), "epoch 1");
  gate_->set_shut(false);
  pusher.on_train_end();
}

}  // namespace
}  // namespace torchhub
