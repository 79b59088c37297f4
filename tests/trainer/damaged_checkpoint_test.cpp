// A checkpoint that is cut short, lacks a file, or is of another run: an error that names the file
// and what to do, or the fallback of docs/checkpoint-layout.md; the good one beside it still loads.
#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"
#include "trainer/pickled_weights.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <fstream>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::golden;
using testing::message_of;
using testing::same_state;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

std::shared_ptr<PreTrainedModel> model_of(std::int64_t features, std::int64_t classes) {
  testing::TinyConfig config;
  config.features = features;
  config.classes = classes;
  return std::make_shared<testing::TinyModelForImageClassification>(config);
}

/// A run that saved after its second of four updates, and a copy of that checkpoint to break.
class DamagedCheckpoint : public ::testing::Test {
 protected:
  DamagedCheckpoint() {
    make(straight_, "straight").train();
    fs::copy(good_, bad_);
  }

  Trainer make(std::shared_ptr<PreTrainedModel> model, const char* name) const {
    return Trainer({.model = std::move(model),
                    .args = {.output_dir = folder_ / name,
                             .per_device_train_batch_size = 4,
                             .max_steps = 4,
                             .logging_steps = 1,
                             .disable_tqdm = true,
                             .save_steps = 2},
                    .train_dataset = tiny_dataset(12)});
  }

  /// A file of the broken one, without the waits for the disk that the library's own writes take.
  void write(const char* file, const std::string& bytes) const {
    std::ofstream(bad_ / file, std::ios::binary) << bytes;
  }

  /// What the broken checkpoint says to a run with that model.
  template <typename Exception = CheckpointError>
  std::string refusal(std::shared_ptr<PreTrainedModel> model = tiny_model()) const {
    Trainer trainer = make(std::move(model), "again");
    return message_of<Exception>([&] { trainer.train({.resume_from_checkpoint = bad_.string()}); });
  }

  /// Cuts a file of the broken one to each length, `stride` apart, and asks one Trainer to go on.
  template <typename Exception>
  void expect_refused_however_short(const char* file, std::size_t stride, std::size_t tail = 1) {
    const std::string whole = read_file(bad_ / file);
    const auto model = tiny_model();
    Trainer trainer = make(model, "again");
    for (std::size_t length = 0; length + tail <= whole.size(); length += stride) {
      SCOPED_TRACE(length);
      write(file, whole.substr(0, length));
      const std::string said =
          message_of<Exception>([&] { trainer.train({.resume_from_checkpoint = bad_.string()}); });
      ASSERT_NE(said.find((bad_ / file).string()), std::string::npos) << said;
      ASSERT_TRUE(said.find("hoose another") != std::string::npos ||
                  said.find("download or write it again") != std::string::npos)
          << said;
    }
    write(file, whole);
    trainer.train({.resume_from_checkpoint = bad_.string()});  // the same Trainer, unharmed
    EXPECT_TRUE(same_state(*straight_, *model));
  }

  /// Goes on without that file. @return is the end that of the run which never stopped?
  bool is_exact_without(const char* file) {
    lines_.clear();
    fs::remove(bad_ / file);
    log::set_sink([&](log::Level, std::string_view line) { lines_ += std::string(line) + "\n"; });
    const auto model = tiny_model();
    Trainer trainer = make(model, "again");
    EXPECT_EQ(trainer.train({.resume_from_checkpoint = bad_.string()}).global_step, 4);
    log::set_sink({});
    fs::copy(good_ / file, bad_ / file);
    return same_state(*straight_, *model);
  }

  TempDir folder_;
  std::shared_ptr<PreTrainedModel> straight_ = tiny_model();
  fs::path good_ = folder_ / "straight/checkpoint-2";
  fs::path bad_ = folder_ / "bad";
  std::string lines_;  ///< Logged while is_exact_without() ran.
};

TEST_F(DamagedCheckpoint, WithTextCutAtAnyByteIsRefusedByName) {
  // The last byte is the end of the line: without it the file is still whole.
  expect_refused_however_short<CheckpointError>("trainer_state.json", 1, 2);
  expect_refused_however_short<CheckpointError>("torchhub_state.json", 1, 2);
}

TEST_F(DamagedCheckpoint, WithTorchFilesCutAnywhereIsRefusedByName) {
  // Each byte of the larger ones: CutFile in tests/training/cut_files_test.cpp.
  expect_refused_however_short<CheckpointError>("optimizer.pt", 61);
  expect_refused_however_short<CheckpointError>("scheduler.pt", 1);
  expect_refused_however_short<CheckpointError>("rng_state.pth", 61);
}

TEST_F(DamagedCheckpoint, WithWeightsCutAtAnyByteIsRefusedByName) {
  expect_refused_however_short<SafetensorsError>("model.safetensors", 1);
}

TEST_F(DamagedCheckpoint, WithPickledWeightsCutAnywhereIsRefusedByName) {
  testing::pickle_weights(bad_);
  expect_refused_however_short<PickleError>("pytorch_model.bin", 7);
}

/// `text` with the number of that key replaced.
std::string with_number(std::string text, const std::string& key, const std::string& value) {
  const std::size_t begin = text.find('"' + key + "\": ") + key.size() + 4;
  return text.replace(begin, text.find_first_of(",\n", begin) - begin, value);
}

TEST_F(DamagedCheckpoint, WithNumbersThatCannotBeIsRefusedByName) {
  const std::string state = read_file(good_ / "trainer_state.json");
  for (const char* value : {"-1", "1e300", "NaN", "99999999999999999999", "\"two\"", "[2]"}) {
    write("trainer_state.json", with_number(state, "global_step", value));
    EXPECT_NE(refusal().find("trainer_state.json' is damaged: "), std::string::npos) << value;
  }
  write("trainer_state.json", with_number(state, "global_step", "5"));
  EXPECT_EQ(refusal(),
            "'" + bad_.string() +
                "' was saved at step 5, after the 4 steps of this run. Raise max_steps or "
                "num_train_epochs, or choose an earlier checkpoint.");
  write("trainer_state.json", state);
  const std::string ours = read_file(good_ / "torchhub_state.json");
  for (const char* key : {"first_counted_step", "last_logged_step", "epoch",
                          "samples_seen_in_epoch", "total_train_batch_size", "updates_ahead"}) {
    for (const char* value : {"-1", "-1000000000000000001", "1e300", "1000000000000000001", "NaN",
                              "1.5", "null", "\"1\""}) {
      if (std::string_view(key) == "updates_ahead" && std::string_view(value) == "-1") continue;
      write("torchhub_state.json", with_number(ours, key, value));
      const std::string said = refusal();
      EXPECT_NE(said.find("torchhub_state.json' is damaged: '" + std::string(key) + "' is "),
                std::string::npos)
          << said;
    }
  }
  for (const char* key : {"total_loss", "loss_since_log", "epoch_is_over"}) {
    write("torchhub_state.json", with_number(ours, key, "\"low\""));
    EXPECT_NE(refusal().find("torchhub_state.json' is damaged: "), std::string::npos) << key;
  }
}

TEST_F(DamagedCheckpoint, WithoutWeightsOrStateIsRefused) {
  fs::remove(bad_ / "model.safetensors");
  const std::string said = refusal<Error>();
  EXPECT_NE(said.find((bad_ / "model.safetensors").string()), std::string::npos) << said;
  fs::copy(good_ / "model.safetensors", bad_ / "model.safetensors");
  fs::remove(bad_ / "trainer_state.json");
  EXPECT_EQ(refusal(), "'" + bad_.string() +
                           "' is not a complete checkpoint: it has no trainer_state.json, or its "
                           "save was cut short. Choose another one.");
}

TEST_F(DamagedCheckpoint, GoesOnExactlyWithoutWhatOnlyDescribesTheRun) {
  EXPECT_TRUE(is_exact_without("config.json"));
  EXPECT_TRUE(is_exact_without("training_args.json"));
  EXPECT_TRUE(is_exact_without("torchhub_state.json"));  // the place follows from the step
}

// As in Python (trainer.py, _load_optimizer_and_scheduler): both or none.
TEST_F(DamagedCheckpoint, StartsOptimizerAndScheduleAfreshWhereOneOfTheFilesIsMissing) {
  for (const char* file : {"optimizer.pt", "scheduler.pt"}) {
    SCOPED_TRACE(file);
    EXPECT_FALSE(is_exact_without(file));
    EXPECT_NE(lines_.find("resume_without_optimizer_and_schedule"), std::string::npos) << lines_;
    EXPECT_NE(lines_.find(std::string("missing=") + file), std::string::npos) << lines_;
  }
  // What is there is not even read.
  fs::remove(bad_ / "scheduler.pt");
  write("optimizer.pt", "PK");
  Trainer trainer = make(tiny_model(), "again");
  EXPECT_EQ(trainer.train({.resume_from_checkpoint = bad_.string()}).global_step, 4);
}

TEST_F(DamagedCheckpoint, SaysThatRandomNumbersStartAfreshWhereTheirFileIsMissing) {
  EXPECT_FALSE(is_exact_without("rng_state.pth"));
  EXPECT_NE(lines_.find("rng_state.pth"), std::string::npos) << lines_;
}

TEST_F(DamagedCheckpoint, OfAnotherModelIsRefusedByName) {
  for (const auto& model : {model_of(7, 3), model_of(6, 4)}) {
    const std::string said = refusal<WeightMismatchError>(model);
    EXPECT_NE(said.find("does not fit TinyModelForImageClassification: "), std::string::npos)
        << said;
    EXPECT_NE(said.find(bad_.string()), std::string::npos) << said;
  }
  /// The same weights under other names.
  class OtherModel final : public testing::TinyModelForImageClassification {
   public:
    explicit OtherModel(const testing::TinyConfig& config)
        : TinyModelForImageClassification(config) {
      for (const char* name : {"first", "norm", "second"}) unregister_module(name);
      register_module("head", torch::nn::Linear(6, 3));
    }
    std::string class_name() const override { return "OtherModel"; }
  };
  const std::string said =
      refusal<WeightMismatchError>(std::make_shared<OtherModel>(testing::TinyConfig()));
  EXPECT_NE(said.find("fits OtherModel: the file begins with 'norm.num_batches_tracked', the model "
                      "with 'head.weight'. Load it with the class it was saved from"),
            std::string::npos)
      << said;
}

TEST_F(DamagedCheckpoint, WithAnotherNumberOfParametersIsRefusedByName) {
  class LargerModel final : public testing::TinyModelForImageClassification {
   public:
    explicit LargerModel(const testing::TinyConfig& config)
        : TinyModelForImageClassification(config) {
      register_module("extra", torch::nn::Linear(2, 2));
    }
  };
  EXPECT_EQ(refusal(std::make_shared<LargerModel>(testing::TinyConfig())),
            "'" + (bad_ / "optimizer.pt").string() +
                "' cannot be used: parameter group 0 holds 2 parameters, this model's holds 3. "
                "Resume with the model and settings that the checkpoint was saved from, or choose "
                "another checkpoint.");
}

TEST_F(DamagedCheckpoint, OfAShardedRunIsRefusedWithItsLibrarysName) {
  for (const auto& [name, library] :
       {std::pair{"pytorch_model_fsdp_0", "FSDP"}, std::pair{"optimizer_0", "FSDP"},
        std::pair{"pytorch_model_fsdp.bin", "FSDP"},
        std::pair{"pytorch_model_fsdp_rank0.bin", "FSDP"},
        std::pair{"zero_to_fp32.py", "DeepSpeed"}, std::pair{"global_step2", "DeepSpeed"}}) {
    fs::create_directory(bad_ / name);
    EXPECT_EQ(refusal(), "'" + bad_.string() + "' is a checkpoint of a " + library + " run ('" +
                             name +
                             "' is in it), which torchhub cannot read. Save full weights there (in "
                             "Python: trainer.save_model()), and load those.");
    fs::remove(bad_ / name);
  }
  EXPECT_EQ(refusal(), "nothing was thrown");  // it was those names alone
}

TEST_F(DamagedCheckpoint, ThatWantsToRunCodeIsRefusedAndSaysWhich) {
  for (const char* file : {"optimizer.pt", "scheduler.pt", "rng_state.pth"}) {
    const std::string whole = read_file(bad_ / file);
    for (const char* evil : {"pickle/evil-zip.bin", "pickle/evil-raw.pkl"}) {
      write(file, golden(evil));
      const std::string said = refusal();
      EXPECT_NE(said.find((bad_ / file).string()), std::string::npos) << said;
      EXPECT_NE(said.find("the name 'posix.system' is not allowed"), std::string::npos) << said;
    }
    // EXT1 (0x82) looks a class up in a table of the process.
    write(file, std::string("\x80\x02\x82\x01.", 5));
    const std::string said = refusal();
    EXPECT_NE(said.find("0x82"), std::string::npos) << said;
    write(file, whole);
  }
  EXPECT_EQ(refusal(), "nothing was thrown");
}

}  // namespace
}  // namespace torchhub
