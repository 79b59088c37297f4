#include "torchhub/models/auto.h"

#include "finetune/resnet_model.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

struct OtherConfig : PretrainedConfig {};
struct NamedConfig : PretrainedConfig {
  NamedConfig() { model_type = "named"; }
};
class OtherModel : public PreTrainedModel {
 public:
  explicit OtherModel(const ResnetConfig& config) : PreTrainedModel(config) {}
  ModelOutput forward(const Batch&) override { return {}; }
};

ResnetConfig small_resnet() {
  ResnetConfig config;
  config.block_type = "basic";
  config.layers = {1, 1};
  config.num_classes = 10;
  config.input_channels = 1;
  return config;
}

TEST(AutoConfig, FindsTheClassOfAModelType) {
  const TempDir dir;
  small_resnet().save_pretrained(dir.path());
  const auto config = AutoConfig::from_pretrained(dir.path().string());
  const auto* resnet = dynamic_cast<const ResnetConfig*>(config.get());
  ASSERT_NE(resnet, nullptr);
  EXPECT_EQ(resnet->layers, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(config->to_json_string(), small_resnet().to_json_string());
  EXPECT_NE(AutoConfig::for_model("custom-resnet"), nullptr);
}

TEST(AutoConfig, ListsTheKnownTypesIfItDoesNotKnowOne) {
  const TempDir dir;
  const std::string file = (dir / "config.json").string();
  write_file_atomically(file, R"({"model_type": "resnext"})");
  EXPECT_EQ(message_of<ConfigError>([&] { AutoConfig::from_pretrained(dir.path().string()); }),
            "`model_type` 'resnext' of '" + file +
                "' is not known here. Known: custom-resnet, tied. Register its config with "
                "TORCHHUB_REGISTER_CONFIG(\"resnext\", YourConfig).");
  write_file_atomically(file, "{}");
  EXPECT_EQ(message_of<ConfigError>([&] { AutoConfig::from_pretrained(dir.path().string()); }),
            "'" + file +
                "' has no `model_type`, so its config class is not known. Add one of: "
                "custom-resnet, tied.");
}

TEST(AutoConfig, RefusesToRegisterUnderAForeignName) {
  EXPECT_EQ(
      message_of<InvalidArgumentError>([] { AutoConfig::register_<NamedConfig>("nameless"); }),
      "NamedConfig says `model_type` is 'named', but it is registered as 'nameless'. Make the two "
      "equal.");
  EXPECT_EQ(
      message_of<InvalidArgumentError>([] { AutoConfig::register_<OtherConfig>("custom-resnet"); }),
      "'custom-resnet' is already used by the config ResnetConfig. Pick another name for "
      "OtherConfig, or register it with exist_ok.");
  EXPECT_NO_THROW(AutoConfig::register_<ResnetConfig>("custom-resnet"));  // the same class again
}

TEST(AutoModel, BuildsTheModelRegisteredForAConfig) {
  const auto model = AutoModelForImageClassification::from_config(small_resnet());
  EXPECT_EQ(model->class_name(), "ResnetModelForImageClassification");
  EXPECT_EQ(dynamic_cast<const ResnetConfig&>(model->config()).num_classes, 10);
  EXPECT_EQ(model->named_state().front().first, "model.conv1.weight");
  EXPECT_EQ(model->named_state().back().first, "model.fc.bias");
}

TEST(AutoModel, RefusesASecondModelForOneConfig) {
  EXPECT_EQ(message_of<InvalidArgumentError>(
                [] { AutoModelForImageClassification::register_<ResnetConfig, OtherModel>(); }),
            "AutoModelForImageClassification already builds ResnetModelForImageClassification for "
            "this config; OtherModel needs exist_ok to take its place.");
}

TEST(AutoModel, SaysWhatItKnowsIfNoModelFits) {
  EXPECT_EQ(message_of<ConfigError>([] { AutoModel::from_config(small_resnet()); }),
            "AutoModel has no model for ResnetConfig. It knows: Tied. Register yours with "
            "TORCHHUB_REGISTER_MODEL(AutoModel, ResnetConfig, YourModel).");
}

TEST(AutoModel, RefusesAConfigThatIsNotValid) {
  ResnetConfig config = small_resnet();
  config.block_type = "wide";
  EXPECT_EQ(message_of<ConfigError>([&] { AutoModelForImageClassification::from_config(config); }),
            "ResnetConfig is not valid: `block_type` must be 'basic' or 'bottleneck', got wide.");
}

TEST(Registry, KnowsWhereEachClassIsDefined) {
  const std::vector<RegisteredClass> all = registered_classes();
  const auto model = std::find_if(all.begin(), all.end(), [](const RegisteredClass& c) {
    return c.class_name == "ResnetModelForImageClassification";
  });
  ASSERT_NE(model, all.end());
  EXPECT_EQ(model->auto_class, "AutoModelForImageClassification");
  EXPECT_EQ(model->model_type, "custom-resnet");
  EXPECT_TRUE(model->source_file.ends_with("finetune/resnet_model.h")) << model->source_file;
}

TEST(ResnetModel, GivesALossOnlyWhenThereAreLabels) {
  torch::manual_seed(0);
  ResnetModelForImageClassification model(small_resnet());
  Batch batch{{"pixel_values", torch::rand({4, 1, 28, 28})}};
  EXPECT_FALSE(model.forward(batch).loss.defined());
  batch["labels"] = torch::tensor({0, 1, 2, 3});
  const ModelOutput output = model.forward(batch);
  EXPECT_EQ(output.logits.sizes().vec(), (std::vector<std::int64_t>{4, 10}));
  output.loss.backward();
  EXPECT_TRUE(model.parameters().front().grad().defined());
  EXPECT_NEAR(output.loss.item<double>(), std::log(10.0), 1.0);
}

TEST(ResnetModel, HasAThirdOfAMillionParametersWithTwoSmallStages) {
  EXPECT_EQ(ResnetModelForImageClassification(small_resnet()).num_parameters(), 308'682);
}

}  // namespace
}  // namespace torchhub
