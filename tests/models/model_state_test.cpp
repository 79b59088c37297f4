// Saving a PreTrainedModel and getting it back.
#include "finetune/resnet_model.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/models/auto.h"
#include "torchhub/weights/load.h"
#include "torchhub/weights/save.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

ResnetConfig tiny_resnet(std::int64_t classes = 10) {
  ResnetConfig config;
  config.block_type = "basic";
  config.layers = {1};
  config.num_classes = classes;
  config.input_channels = 1;
  return config;
}

struct TiedConfig : PretrainedConfig {};

/// Two layers over one weight, and a base model under "base".
class Tied : public PreTrainedModel {
 public:
  explicit Tied(const TiedConfig& config) : PreTrainedModel(config) {
    auto base = register_module("base", torch::nn::Linear(3, 3));
    auto head = register_module("head", torch::nn::Linear(3, 3));
    head->weight.set_data(base->weight);
  }
  ModelOutput forward(const Batch&) override { return {}; }
  std::string base_model_prefix() const override { return "base"; }
};

TORCHHUB_REGISTER_CONFIG("tied", TiedConfig);
TORCHHUB_REGISTER_MODEL(AutoModel, TiedConfig, Tied);

void expect_equal(const StateDict& actual, const StateDict& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].first, expected[i].first);
    EXPECT_TRUE(torch::equal(actual[i].second, expected[i].second)) << actual[i].first;
  }
}

class SavedResnet : public ::testing::Test {
 protected:
  SavedResnet() {
    torch::manual_seed(3);
    model = std::make_shared<ResnetModelForImageClassification>(tiny_resnet());
    model->train();
    model->forward({{"pixel_values", torch::rand({2, 1, 8, 8})}});  // moves the running statistics
  }
  std::shared_ptr<PreTrainedModel> load(const PretrainedOptions& options = {}) const {
    return AutoModelForImageClassification::from_pretrained(dir.path().string(), options);
  }

  TempDir dir;
  std::shared_ptr<ResnetModelForImageClassification> model;
};

TEST_F(SavedResnet, ComesBackBitForBitAndInEvalMode) {
  model->save_pretrained(dir.path());
  const auto again = load();
  expect_equal(again->named_state(), model->named_state());
  EXPECT_FALSE(again->is_training());
  EXPECT_TRUE(again->load_report().complete());
  EXPECT_EQ(again->load_report().file_of_key.at("model.fc.bias"), "model.safetensors");
  EXPECT_GT(again->load_report().bytes_read, 300'000U);
}

TEST_F(SavedResnet, SaysWhatItIsInItsConfig) {
  model->save_pretrained(dir.path());
  const auto config = AutoConfig::from_pretrained(dir.path().string());
  EXPECT_EQ(config->architectures, std::vector<std::string>{"ResnetModelForImageClassification"});
  EXPECT_EQ(config->dtype, "float32");
  EXPECT_FALSE(config->extra.json().contains("transformers_version"));
}

TEST_F(SavedResnet, ComesBackFromShards) {
  model->save_pretrained(dir.path(), {.max_shard_size = 200'000});
  EXPECT_FALSE(std::filesystem::exists(dir / "model.safetensors"));
  expect_equal(load()->named_state(), model->named_state());
}

TEST_F(SavedResnet, LoadsFromAFileInsideTheFolder) {
  model->save_pretrained(dir.path());
  const auto again =
      AutoModelForImageClassification::from_pretrained((dir / "model.safetensors").string());
  expect_equal(again->named_state(), model->named_state());
}

TEST_F(SavedResnet, LoadsFromASubfolder) {
  model->save_pretrained(dir / "inner");
  expect_equal(load({.subfolder = "inner"})->named_state(), model->named_state());
}

TEST_F(SavedResnet, IsSavedInItsOwnTypeButItsCountersStayWhole) {
  model->set_dtype("bfloat16");
  model->save_pretrained(dir.path());
  const auto again = load();
  EXPECT_EQ(again->config().dtype, "bfloat16");
  EXPECT_EQ(again->parameters().front().scalar_type(), torch::kBFloat16);
  EXPECT_EQ(again->named_buffers()["model.bn1.num_batches_tracked"].scalar_type(), torch::kLong);
  const auto wide = load({.dtype = "float32"});
  EXPECT_EQ(wide->parameters().front().scalar_type(), torch::kFloat);
  EXPECT_EQ(wide->load_report().dtype_casts.front(), "model.conv1.weight: bfloat16 -> float32");
  EXPECT_THROW(load({.dtype = "int64"}), InvalidArgumentError);
}

TEST_F(SavedResnet, NamesTheHeadOfAnotherSize) {
  model->save_pretrained(dir.path());
  ResnetModelForImageClassification other(tiny_resnet(7));
  const StateDict before = other.named_state();
  const at::Tensor conv = before.front().second.clone();
  EXPECT_EQ(
      message_of<WeightMismatchError>([&] { other.load_state(dir.path()); }),
      "'" + dir.path().string() +
          "' does not fit ResnetModelForImageClassification: 2 of another shape: "
          "model.fc.weight (file [10, 64], model [7, 64]), model.fc.bias (file [10], model "
          "[7]). (from_pretrained() and load_state() take ignore_mismatched_sizes, to keep fresh "
          "weights there.)");
  EXPECT_TRUE(torch::equal(before.front().second, conv)) << "a refused load changed the model";

  const LoadReport report = other.load_state(dir.path(), {.ignore_mismatched_sizes = true});
  EXPECT_EQ(report.mismatched_keys.size(), 2U);
  EXPECT_TRUE(torch::equal(before.front().second, model->named_state().front().second));
}

TEST_F(SavedResnet, RefusesWeightsOfWhichNoneFits) {
  save_weights(dir.path(), {{"encoder.weight", torch::rand({2})}});
  tiny_resnet().save_pretrained(dir.path());
  EXPECT_EQ(message_of<WeightMismatchError>([&] { load(); }),
            "None of the 1 tensors of '" + (dir / "model.safetensors").string() +
                "' fits ResnetModelForImageClassification: the file begins with 'encoder.weight', "
                "the model with 'model.conv1.weight'. Load it with the class it was saved from. "
                "(from_pretrained() and load_state() take allow_random_init, to start from fresh "
                "weights.)");
  const auto fresh = load({.allow_random_init = true});
  EXPECT_EQ(fresh->load_report().unexpected_keys, std::vector<std::string>{"encoder.weight"});
  EXPECT_EQ(fresh->load_report().missing_keys.size(), fresh->named_state().size());
}

TEST_F(SavedResnet, ReportsWhatIsMissingAndWhatIsTooMuch) {
  StateDict state = model->named_state();
  state.pop_back();
  state.emplace_back("teacher.weight", torch::rand({2}));
  save_weights(dir.path(), state);
  const LoadReport report = model->load_state(dir.path());
  EXPECT_EQ(report.missing_keys, std::vector<std::string>{"model.fc.bias"});
  EXPECT_EQ(report.unexpected_keys, std::vector<std::string>{"teacher.weight"});
}

TEST_F(SavedResnet, RefusesToSaveOverAFileAndLeavesIt) {
  write_file_atomically(dir / "out", "mine");
  EXPECT_THROW(model->save_pretrained(dir / "out"), ConfigError);
  EXPECT_EQ(read_file(dir / "out"), "mine");
}

TEST_F(SavedResnet, NamesATruncatedFile) {
  model->save_pretrained(dir.path());
  std::filesystem::resize_file(dir / "model.safetensors", 1000);
  const std::string message = message_of<SafetensorsError>([&] { load(); });
  EXPECT_NE(message.find((dir / "model.safetensors").string()), std::string::npos) << message;
}

TEST_F(SavedResnet, SaysWhenThereAreNoWeights) {
  tiny_resnet().save_pretrained(dir.path());
  EXPECT_EQ(
      message_of<ConfigError>([&] { load(); }),
      "'" + dir.path().string() +
          "' holds no weights: neither model.safetensors nor pytorch_model.bin, nor an index of "
          "either. Save the model with save_pretrained, or name the folder that has its weights.");
}

TEST(TiedModel, IsStoredOnceAndFillsBothNames) {
  const TempDir dir;
  Tied model(TiedConfig{});
  model.save_pretrained(dir.path());
  EXPECT_FALSE(WeightFiles(dir.path()).contains("head.weight"));
  const auto again = AutoModel::from_pretrained(dir.path().string());
  expect_equal(again->named_state(), model.named_state());
  EXPECT_TRUE(again->load_report().complete());
  EXPECT_EQ(again->load_report().tied_keys,
            (std::vector<std::pair<std::string, std::string>>{{"head.weight", "base.weight"}}));
}

TEST(TiedModel, TakesTheFileOfItsBareBaseModel) {
  const TempDir dir;
  const at::Tensor weight = torch::rand({3, 3});
  save_weights(dir.path(), {{"weight", weight}, {"bias", torch::rand({3})}});
  Tied model(TiedConfig{});
  const LoadReport report = model.load_state(dir.path());
  EXPECT_TRUE(torch::equal(model.named_state().front().second, weight));
  EXPECT_EQ(report.renamed_keys.front(),
            (std::pair<std::string, std::string>{"bias", "base.bias"}));
  EXPECT_EQ(report.missing_keys, (std::vector<std::string>{"head.weight", "head.bias"}));
}

}  // namespace
}  // namespace torchhub
