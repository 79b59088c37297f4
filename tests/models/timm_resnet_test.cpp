#include "torchhub/models/timm_resnet.h"

#include "models/golden_weights.h"
#include "support/golden.h"
#include "torchhub/base/error.h"
#include "torchhub/models/model.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using testing::expect_recorded;
using testing::fill_golden;
using testing::golden_values;

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

constexpr double kRtol = 1e-4;  // fp32 through up to 50 layers

/// Keys stay in the order of the file, which is that of Python's state_dict.
const nlohmann::ordered_json& recorded() {
  static const auto cases = nlohmann::ordered_json::parse(testing::golden("models/timm.json"));
  return cases;
}

const nlohmann::ordered_json& golden_case(const std::string& name) {
  for (const auto& item : recorded().at("cases")) {
    if (item.at("class") == name) return item;
  }
  throw std::runtime_error("no golden case " + name);
}

struct NoConfig : PretrainedConfig {};

/// The bare network as a model, for named_state().
class Bare : public PreTrainedModel {
 public:
  explicit Bare(const TimmResnetOptions& options)
      : PreTrainedModel(NoConfig{}), net(std::make_shared<TimmResnet>(options)) {
    for (const auto& child : net->named_children()) register_module(child.key(), child.value());
  }
  ModelOutput forward(const Batch& batch) override {
    return {.logits = net->forward(batch.at("pixel_values"))};
  }
  std::shared_ptr<TimmResnet> net;
};

TEST(GoldenWeights, FollowTheWrittenRule) {
  const auto& check = recorded().at("fill_check");
  const at::Tensor u = golden_values(check.at("name").get<std::string>(), {4});
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(u[i].item<float>(), check.at("u")[static_cast<std::size_t>(i)].get<float>());
  }
}

class TimmResnetGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(TimmResnetGolden, HasTheNamesShapesAndOutputsOfTimm) {
  const nlohmann::ordered_json& golden = golden_case(GetParam());
  TimmResnetOptions options = timm_resnet_preset(GetParam());
  options.num_classes = golden.at("num_classes").get<std::int64_t>();
  Bare model(options);

  std::vector<std::string> names, golden_names;
  for (const auto& item : golden.at("keys").items()) golden_names.push_back(item.key());
  Shapes shapes;
  for (const auto& [name, tensor] : model.named_state()) {
    names.push_back(name);
    shapes[name] = tensor.sizes().vec();
  }
  EXPECT_EQ(names, golden_names);
  EXPECT_EQ(shapes, golden.at("keys").get<Shapes>());

  fill_golden(model.named_state());
  model.eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor pixels = golden_values("pixel_values", {2, 3, 64, 64});
  expect_recorded(model.net->forward_features(pixels), golden.at("outputs").at("features"), kRtol);
  expect_recorded(model.forward({{"pixel_values", pixels}}).logits,
                  golden.at("outputs").at("logits"), kRtol);
}

INSTANTIATE_TEST_SUITE_P(Presets, TimmResnetGolden,
                         ::testing::Values("resnet18", "resnet18d", "resnet50", "resnet50d",
                                           "resnext50_32x4d", "resnet26t"));

TEST(TimmResnet, TakesFewerStagesAndOneChannel) {
  TimmResnet net({.block = ResnetBlock::basic, .layers = {1, 1}, .num_classes = 10, .in_chans = 1});
  const at::Tensor pixels = torch::zeros({2, 1, 28, 28});
  EXPECT_EQ(net.forward_features(pixels).sizes().vec(), (std::vector<std::int64_t>{2, 128, 4, 4}));
  EXPECT_EQ(net.forward(pixels).sizes().vec(), (std::vector<std::int64_t>{2, 10}));
}

TEST(TimmResnet, StartsWithIdentityBlocksAndKaimingNormalConvolutions) {
  torch::manual_seed(1);
  TimmResnet net({.block = ResnetBlock::basic, .layers = {1, 1, 1}, .num_classes = 10});
  const auto parameters = net.named_parameters();
  EXPECT_EQ(parameters["layer2.0.bn2.weight"].abs().sum().item<double>(), 0.0);
  EXPECT_EQ(parameters["layer2.0.bn1.weight"].mean().item<double>(), 1.0);
  const at::Tensor conv = parameters["layer3.0.conv2.weight"];  // fan out 256 * 9
  EXPECT_NEAR(conv.std().item<double>(), std::sqrt(2.0 / (256 * 9)), 2e-4);
  EXPECT_NEAR(conv.mean().item<double>(), 0.0, 2e-4);
}

TEST(TimmResnet, DilatesInsteadOfStridingFromTheOutputStrideOn) {
  for (const bool avg_down : {false, true}) {
    SCOPED_TRACE(avg_down);
    TimmResnet net({.layers = {1, 1, 1, 2},
                    .num_classes = 0,
                    .avg_down = avg_down,
                    .output_stride = 8,
                    .replace_stem_pool = true});
    const at::Tensor pixels = torch::zeros({1, 3, 64, 64});
    EXPECT_EQ(net.forward_features(pixels).sizes().vec(),
              (std::vector<std::int64_t>{1, 2048, 8, 8}));
    EXPECT_EQ(net.forward(pixels).sizes().vec(), (std::vector<std::int64_t>{1, 2048}));
  }
}

TEST(TimmResnet, DropsFeaturesInTrainingOnly) {
  TimmResnet net({.block = ResnetBlock::basic, .layers = {1}, .num_classes = 0, .drop_rate = 0.5});
  const at::Tensor pixels = torch::rand({1, 3, 16, 16});
  const auto zeros = [&] { return (net.forward(pixels) == 0).sum().item<std::int64_t>(); };
  net.eval();
  const std::int64_t in_eval = zeros();
  net.train();
  EXPECT_GT(zeros(), in_eval);
}

TEST(TimmResnet, ListsEveryOptionThatCannotBe) {
  const TimmResnetOptions wrong{.block = ResnetBlock::basic,
                                .layers = {1, 0, 1, 1, 1},
                                .cardinality = 32,
                                .base_width = 4,
                                .stem_width = 2,
                                .stem_type = ResnetStem::deep_tiered,
                                .output_stride = 64,
                                .drop_rate = 1.0};
  EXPECT_EQ(
      problems(wrong),
      (std::vector<std::string>{
          "layers must have 1 to 4 entries, got 5.", "each entry of layers must be above 0, got 0.",
          "stem_width must be at least 4, got 2.",
          "basic blocks need cardinality 1 and base_width 64, got 32 and 4.",
          "output_stride must be 8, 16 or 32, got 64.", "drop_rate must be in [0, 1), got 1."}));
  EXPECT_THROW(TimmResnet net(wrong), InvalidArgumentError);
}

TEST(TimmResnet, ReadsTheWordsOfTheDocuments) {
  EXPECT_EQ(resnet_stem("deep-tiered"), resnet_stem("deep_tiered"));
  try {
    resnet_block("wide");
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "block_type must be 'basic' or 'bottleneck', got wide.");
  }
}

}  // namespace
}  // namespace torchhub
