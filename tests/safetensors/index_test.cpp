#include "torchhub/safetensors/index.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::safetensors {
namespace {

ShardIndex parse(const std::string& text) { return parse_shard_index(text, "m.index.json"); }

nlohmann::json plans() {
  return nlohmann::json::parse(testing::golden("safetensors/shard_plans.json"));
}

TEST(PlanShards, PlacesTensorsAsHuggingfaceHubDoes) {
  const nlohmann::json all = plans();
  for (const auto& golden : all.at("plans")) {
    SCOPED_TRACE(golden.dump());
    std::vector<SizedTensor> tensors;
    for (const auto& tensor : golden.at("tensors")) {
      tensors.push_back({tensor.at(0), tensor.at(1)});
      if (!tensor.at(2).is_null()) tensors.back().storage = tensor.at(2);
    }
    const ShardPlan plan = plan_shards(tensors, golden.at("limit"));
    EXPECT_EQ(plan.total_size, golden.at("total_size"));
    if (tensors.empty()) {  // Python then writes no file at all, and cannot load the folder
      ASSERT_EQ(plan.shards.size(), 1U);
      EXPECT_EQ(plan.shards[0].file, "model.safetensors");
      continue;
    }
    ASSERT_EQ(plan.shards.size(), golden.at("files").size());
    for (Shard shard : plan.shards) {
      std::sort(shard.tensors.begin(), shard.tensors.end());
      EXPECT_EQ(nlohmann::json(shard.tensors), golden.at("files").at(shard.file));
    }
  }
}

TEST(PlanShards, PutsALargeTensorBeforeTheOpenShard) {
  const std::vector<SizedTensor> tensors{{"a", 5}, {"large", 99}, {"b", 5}};
  const ShardPlan plan = plan_shards(tensors, 10);
  ASSERT_EQ(plan.shards.size(), 2U);
  EXPECT_EQ(plan.shards[0].file, "model-00001-of-00002.safetensors");
  EXPECT_EQ(plan.shards[0].tensors, std::vector<std::string>{"large"});
  EXPECT_EQ(plan.shards[1].tensors, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(plan.is_sharded());
}

TEST(PlanShards, RefusesDoubleNamesAndALimitOfZero) {
  const std::vector<SizedTensor> twice{{"a", 1}, {"a", 1}};
  EXPECT_THROW(plan_shards(twice, 10), InvalidArgumentError);
  EXPECT_THROW(plan_shards({}, 0), InvalidArgumentError);
}

TEST(ShardIndex, IsWrittenAsPythonWritesIt) {
  const std::vector<SizedTensor> tensors{{"b", 6}, {"a\xc3\xa9", 6}};
  EXPECT_EQ(encode_shard_index(plan_shards(tensors, 10).index(3)),
            R"({
  "metadata": {
    "total_parameters": 3,
    "total_size": 12
  },
  "weight_map": {
    "a\u00e9": "model-00002-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors"
  }
}
)");
}

TEST(ShardIndex, IsReadBack) {
  const std::vector<SizedTensor> tensors{{"b", 6}, {"a", 6}, {"c", 4}};
  const ShardIndex index = parse(encode_shard_index(plan_shards(tensors, 10).index()));
  EXPECT_EQ(index.total_size, 16U);
  EXPECT_FALSE(index.total_parameters);
  EXPECT_EQ(index.weight_map.at("c"), "model-00002-of-00002.safetensors");
  EXPECT_EQ(index.files(), (std::vector<std::string>{"model-00001-of-00002.safetensors",
                                                     "model-00002-of-00002.safetensors"}));
}

TEST(ShardIndex, ReadsWhatOldWritersWrote) {
  const ShardIndex index = parse(R"({"metadata":{"total_size":1.6e10},"weight_map":{"a":"f"}})");
  EXPECT_EQ(index.total_size, 16'000'000'000U);
  EXPECT_EQ(parse(R"({"weight_map":{}})").total_size, 0U);
}

TEST(ShardIndex, RefusesNamesThatLeaveTheFolder) {
  for (const char* name :
       {"../x", "a/b", "/etc/passwd", "a\\\\b", "C:x", "a\\u0000b", "", ".", ".."}) {
    SCOPED_TRACE(name);
    try {
      parse(std::string(R"({"weight_map":{"t":")") + name + "\"}}");
      ADD_FAILURE();
    } catch (const SafetensorsError& error) {
      EXPECT_EQ(error.code(), SafetensorsError::Code::bad_index);
      EXPECT_EQ(error.tensor(), "t");
    }
  }
}

TEST(ShardIndex, RefusesWhatIsNoIndex) {
  for (const char* text :
       {"", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{"a":1}})", "{"}) {
    EXPECT_THROW(parse(text), SafetensorsError) << text;
  }
  try {
    parse("{}");
  } catch (const SafetensorsError& error) {
    EXPECT_STREQ(error.what(),
                 "Cannot use 'm.index.json': it has no object 'weight_map'. Download or write the "
                 "index again.");
  }
}

TEST(WeightNames, PutTheVariantBeforeTheLastExtension) {
  const WeightNames plain;
  EXPECT_EQ(plain.single(), "model.safetensors");
  EXPECT_EQ(plain.index(), "model.safetensors.index.json");
  const WeightNames half{.variant = "fp16"};
  EXPECT_EQ(half.single(), "model.fp16.safetensors");
  EXPECT_EQ(half.shard(1, 4), "model.fp16-00001-of-00004.safetensors");
  EXPECT_EQ(half.index(), "model.safetensors.index.fp16.json");
}

TEST(WeightNames, FindWhatAnEarlierSaveLeft) {
  const std::vector<std::string> folder{"config.json",
                                        "model.safetensors",
                                        "model.safetensors.index.json",
                                        "model-00001-of-00002.safetensors",
                                        "model-00002-of-00002.safetensors",
                                        "model-00001-of-00003.safetensors",
                                        "model-1-of-3.safetensors",
                                        "model-backup.safetensors",
                                        "model.fp16.safetensors",
                                        "model-.safetensors",
                                        "pytorch_model.bin"};
  const std::vector<std::string> written{"model-00001-of-00003.safetensors",
                                         "model.safetensors.index.json"};
  EXPECT_EQ(WeightNames{}.stale(folder, written),
            (std::vector<std::string>{"model.safetensors", "model-00001-of-00002.safetensors",
                                      "model-00002-of-00002.safetensors"}));
}

}  // namespace
}  // namespace torchhub::safetensors
