#include "torchhub/weights/name_map.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(NameMap, ReadsTheOldNamesOfLayerNorms) {
  const NameMap map({}, "");
  EXPECT_EQ(map("a.LayerNorm.gamma"), "a.LayerNorm.weight");
  EXPECT_EQ(map("a.LayerNorm.beta"), "a.LayerNorm.bias");
  EXPECT_EQ(map("a.gamma"), "a.gamma");
}

TEST(NameMap, TranslatesWeightNormBothWaysAsTheModelNeeds) {
  EXPECT_EQ(NameMap({"c.parametrizations.weight.original0"}, "")("c.weight_g"),
            "c.parametrizations.weight.original0");
  EXPECT_EQ(NameMap({"c.weight_v"}, "")("c.parametrizations.weight.original1"), "c.weight_v");
  EXPECT_EQ(NameMap({"c.weight_g"}, "")("c.weight_g"), "c.weight_g");
}

TEST(NameMap, AddsOrTakesThePrefixThatOnlyOneSideHas) {
  const NameMap head({"bert.pooler.weight", "classifier.weight"}, "bert");
  EXPECT_EQ(head("pooler.weight"), "bert.pooler.weight");
  EXPECT_EQ(head("classifier.weight"), "classifier.weight");
  EXPECT_EQ(head("unknown"), "unknown");
  const NameMap bare({"pooler.weight"}, "bert");
  EXPECT_EQ(bare("bert.pooler.weight"), "pooler.weight");
}

TEST(NameMap, TakesTheFirstRuleOfTheCallerThatFits) {
  const NameMap map({}, "", {{"^module\\.", ""}, {"^mod", "x"}});
  EXPECT_EQ(map("module.fc.weight"), "fc.weight");
  EXPECT_EQ(map("model"), "xel");
}

TEST(NameMap, RefusesARuleThatIsNoExpression) {
  const std::string message = testing::message_of<InvalidArgumentError>([] {
    NameMap map({}, "", {{"(", ""}});
  });
  EXPECT_EQ(message.find("key_mapping '(' is not a regular expression: "), 0U) << message;
}

}  // namespace
}  // namespace torchhub
