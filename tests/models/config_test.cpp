#include "torchhub/models/config.h"

#include "finetune/resnet_model.h"
#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace torchhub {
namespace {

using testing::golden;
using testing::golden_path;
using testing::message_of;
using testing::TempDir;

/// As the documents call it; "resnet" is a built-in name in Python.
struct DocumentsConfig : ResnetConfig {
  DocumentsConfig() { model_type = "resnet"; }
};

/// Every kind of field.
struct AllKinds : PretrainedConfig {
  AllKinds() { model_type = "all-kinds"; }
  bool flag = false;
  int small = 1;
  std::int64_t large = 2;
  double rate = 0.5;
  std::string word = "a";
  std::vector<int> ints = {};
  std::vector<double> doubles = {};
  std::vector<std::string> words = {};
  std::optional<std::int64_t> maybe_count = std::nullopt;
  std::optional<double> maybe_rate = std::nullopt;
  std::optional<std::string> maybe_word = std::nullopt;

  void fields(FieldVisitor& visit) override {
    visit("flag", flag);
    visit("small", small);
    visit("large", large);
    visit("rate", rate);
    visit("word", word);
    visit("ints", ints);
    visit("doubles", doubles);
    visit("words", words);
    visit("maybe_count", maybe_count);
    visit("maybe_rate", maybe_rate);
    visit("maybe_word", maybe_word);
  }
};

struct BertLike : PretrainedConfig {
  BertLike() { model_type = "bert"; }
};

template <typename Config = AllKinds>
Config read(const std::string& text) {
  Config config;
  config.read_json(nlohmann::ordered_json::parse(text), "'config.json'");
  return config;
}

TEST(PretrainedConfig, WritesTheDocumentsResnetByteForByteAsPython) {
  DocumentsConfig config;
  config.block_type = "bottleneck";
  config.stem_width = 32;
  config.stem_type = "deep";
  config.avg_down = true;
  config.extra.json()["transformers_version"] = "5.12.1";
  EXPECT_EQ(config.to_json_string(), golden("models/config-custom-resnet/config.json"));
}

TEST(PretrainedConfig, LosesNothingOfPythonsFiles) {
  for (const std::string name : {"config-custom-resnet", "config-custom-resnet50d"}) {
    SCOPED_TRACE(name);
    const TempDir dir;
    const auto config =
        PretrainedConfig::from_pretrained<DocumentsConfig>(golden_path("models/" + name).string());
    config.save_pretrained(dir.path());
    EXPECT_EQ(read_file(dir / "config.json"), golden("models/" + name + "/config.json"));
  }
  const auto labels =
      PretrainedConfig::from_pretrained<BertLike>(golden_path("models/config-labels").string());
  EXPECT_EQ(labels.to_json_string(), golden("models/config-labels/config.json"));
  EXPECT_EQ(labels.num_labels(), 3);
  EXPECT_EQ(labels.id2label.at(1), "neu");
}

TEST(PretrainedConfig, ReadsTheFieldsOfPythonsFile) {
  const auto config = PretrainedConfig::from_json_file<DocumentsConfig>(
      golden_path("models/config-custom-resnet50d/config.json"));
  EXPECT_EQ(config.block_type, "bottleneck");
  EXPECT_EQ(config.layers, (std::vector<std::int64_t>{3, 4, 6, 3}));
  EXPECT_EQ(config.num_classes, 10);
  EXPECT_EQ(config.dtype, "float32");
  EXPECT_EQ(config.architectures, std::vector<std::string>{"ResnetModelForImageClassification"});
  EXPECT_EQ(config.extra.json().at("transformers_version"), "5.12.1");
}

TEST(PretrainedConfig, RoundTripsEveryKindOfField) {
  AllKinds config;
  config.flag = true;
  config.small = -7;
  config.large = std::int64_t{1} << 60;
  config.rate = 1e-12;
  config.word = "caf\u00e9";
  config.ints = {1, -2};
  config.doubles = {0.1, std::numeric_limits<double>::infinity()};
  config.words = {"a", "b"};
  config.maybe_count = 3;
  config.maybe_word = "x";
  const auto again = read(config.to_json_string());
  EXPECT_EQ(again.to_json_string(), config.to_json_string());
  EXPECT_EQ(again.small, -7);
  EXPECT_EQ(again.large, std::int64_t{1} << 60);
  EXPECT_TRUE(std::isinf(again.doubles.at(1)));
  EXPECT_EQ(again.maybe_rate, std::nullopt);
  EXPECT_NE(config.to_json_string().find("\"__float__\": \"Infinity\""), std::string::npos);
  EXPECT_NE(config.to_json_string().find("\"word\": \"caf\\u00e9\""), std::string::npos);
}

TEST(PretrainedConfig, NamesEveryFieldOfAWrongType) {
  EXPECT_EQ(message_of<ConfigError>([] {
              read(R"({"ints": "abc", "flag": 1, "small": 3000000000, "maybe_rate": "x"})");
            }),
            "'config.json' is not valid:\n"
            "  - `flag` must be true or false, got 1.\n"
            "  - `small` must be an integer, got 3000000000.\n"
            "  - `ints` must be a list, each element an integer, got \"abc\".\n"
            "  - `maybe_rate` must be a number or null, got \"x\".");
}

TEST(PretrainedConfig, SaysWhichBlockTypeIsWrong) {
  EXPECT_EQ(message_of<ConfigError>([] { read<ResnetConfig>(R"({"block_type": "wide"})"); }),
            "'config.json' is not valid: `block_type` must be 'basic' or 'bottleneck', got wide.");
  ResnetConfig config;
  config.block_type = "wide";
  config.stem_type = "tall";
  const TempDir dir;
  EXPECT_EQ(message_of<ConfigError>([&] { config.save_pretrained(dir.path()); }),
            "ResnetConfig is not valid:\n"
            "  - `block_type` must be 'basic' or 'bottleneck', got wide.\n"
            "  - `stem_type` must be '', 'deep' or 'deep-tiered', got tall.");
  EXPECT_FALSE(std::filesystem::exists(dir / "config.json"));
}

TEST(PretrainedConfig, WritesTheTypeItIsRegisteredUnder) {
  EXPECT_EQ(ResnetConfig().to_json().at("model_type"), "custom-resnet");
}

TEST(PretrainedConfig, MakesNumberedLabelsAndSortsThemByNumber) {
  BertLike config;
  EXPECT_EQ(config.num_labels(), 2);
  config.set_num_labels(2);
  EXPECT_TRUE(config.id2label.empty());
  config.set_num_labels(12);
  const std::string text = config.to_json_string();
  EXPECT_NE(text.find("\"9\": \"LABEL_9\",\n    \"10\": \"LABEL_10\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"LABEL_1\": 1,\n    \"LABEL_10\": 10"), std::string::npos) << text;
  EXPECT_EQ(read<BertLike>(text).id2label, config.id2label);
  EXPECT_EQ(read<BertLike>(R"({"num_labels": 7})").num_labels(), 7);
}

TEST(PretrainedConfig, RefusesNumbersOfLabelsThatNoModelHas) {
  const std::string rule = "`num_labels` must be a whole number from 0 to 1000000, got ";
  for (const std::string count : {"1000000000000", "1000001", "-1", "18446744073709551615", "2.5",
                                  "true", "\"three\"", "[3]"}) {
    SCOPED_TRACE(count);
    EXPECT_EQ(message_of<ConfigError>([&] { read(R"({"num_labels": )" + count + "}"); }),
              "'config.json' is not valid: " + rule + count + ".");
  }
  BertLike config;
  EXPECT_EQ(message_of<ConfigError>([&] { config.set_num_labels(-1); }), rule + "-1.");
  EXPECT_EQ(message_of<ConfigError>([&] { config.set_num_labels(1'000'001); }), rule + "1000001.");
  EXPECT_EQ(config.num_labels(), 2);
}

TEST(PretrainedConfig, TakesAnyOtherNumberOfLabels) {
  EXPECT_EQ(read(R"({"num_labels": 1})").num_labels(), 1);
  EXPECT_EQ(read(R"({"num_labels": 1000000})").num_labels(), 1'000'000);
  EXPECT_EQ(read(R"({"num_labels": null})").num_labels(), 2);
  EXPECT_TRUE(read(R"({"num_labels": 0})").id2label.empty());
  // As in Python the names decide where there are any.
  EXPECT_EQ(read(R"({"num_labels": -1, "id2label": {"0": "cat"}})").num_labels(), 1);
}

TEST(PretrainedConfig, RefusesLabelsThatAreNotNumbered) {
  EXPECT_EQ(message_of<ConfigError>([] { read(R"({"id2label": {"one": "cat"}})"); }),
            "'config.json' is not valid: `id2label` must be an object of whole numbers and names "
            "such as {\"0\": \"cat\"}, got {\"one\":\"cat\"}.");
  EXPECT_EQ(message_of<ConfigError>([] { read(R"({"problem_type": "guess"})"); }),
            "'config.json' is not valid: `problem_type` must be 'regression', "
            "'single_label_classification' or 'multi_label_classification', got guess.");
}

TEST(PretrainedConfig, ReadsTheOldNameOfDtypeAndPrefersTheNewOne) {
  EXPECT_EQ(read(R"({"torch_dtype": "bfloat16"})").dtype, "bfloat16");
  EXPECT_EQ(read(R"({"torch_dtype": "torch.float16"})").dtype, "float16");
  EXPECT_EQ(read(R"({"torch_dtype": "float16", "dtype": "float32"})").dtype, "float32");
}

TEST(PretrainedConfig, ForgetsKeysThatNoFileMaySet) {
  const auto config = read(R"({"_attn_implementation_internal": "owner/repo", "kept": 1})");
  EXPECT_EQ(config.extra.json().dump(), R"({"kept":1})");
}

TEST(PretrainedConfig, RefusesWhatIsNotAConfig) {
  const TempDir dir;
  const std::string file = (dir / "config.json").string();
  const auto load = [&] { PretrainedConfig::from_pretrained<ResnetConfig>(dir.path().string()); };
  write_file_atomically(file, "{\"layers\": [1, 2");
  const std::string broken = message_of<ConfigError>(load);
  EXPECT_TRUE(broken.starts_with("'" + file + "' is not a config: Not valid JSON")) << broken;
  write_file_atomically(file, "[]");
  EXPECT_EQ(message_of<ConfigError>(load),
            "'" + file + "' is not valid: it must be a JSON object.");
  std::filesystem::remove(file);
  EXPECT_EQ(message_of<ConfigError>(load),
            "'" + dir.path().string() +
                "' holds no config.json. Name a folder made by save_pretrained, or a repo of the "
                "hub that has one.");
}

TEST(PretrainedConfig, RefusesToSaveIntoAFile) {
  const TempDir dir;
  write_file_atomically(dir / "model", "x");
  EXPECT_EQ(message_of<ConfigError>([&] { ResnetConfig().save_pretrained(dir / "model"); }),
            "Cannot save into '" + (dir / "model").string() +
                "': it is a file, and a model needs a folder. Choose another path.");
}

}  // namespace
}  // namespace torchhub
