#include "torchhub/card/front_matter.h"

#include "torchhub/card/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

std::string all_of(const CardParts& parts) {
  return std::string(parts.opening).append(parts.yaml).append(parts.closing).append(parts.body);
}

TEST(SplitCard, CutsAtTheFences) {
  const CardParts parts = split_card("---\nlicense: mit\ntags:\n- a\n---\n\n# Title\n---\nmore\n");
  EXPECT_EQ(parts.opening, "---\n");
  EXPECT_EQ(parts.yaml, "license: mit\ntags:\n- a");
  EXPECT_EQ(parts.closing, "\n---\n");
  EXPECT_EQ(parts.body, "\n# Title\n---\nmore\n");
}

TEST(SplitCard, TakesEveryLineBreakAndBlanksAroundTheFences) {
  EXPECT_EQ(split_card("---\r\na: 1\r\n---\r\nbody").yaml, "a: 1");
  EXPECT_EQ(split_card("---\r\na: 1\r\n---\r\nbody").body, "body");
  EXPECT_EQ(split_card("---\ra: 1\r---\rbody").yaml, "a: 1");
  EXPECT_EQ(split_card("\n \n  ---\na: 1\n---  \t\nbody").body, "body");
  EXPECT_EQ(split_card("---\na: 1\n---").closing, "\n---");
  EXPECT_EQ(split_card("---\n\n---\nbody").body, "body");
}

TEST(SplitCard, SeesNoBlockWhereThereIsNone) {
  for (const std::string card :
       {"", "# Title\n---\na: 1\n---\n", "---", "---\n", "---\n---\n", "---\na: 1\n",
        "--- \na\n---\n", "---\na: 1\n---x\n", "----\na: 1\n----\n", "text\n---\na\n---\n"}) {
    const CardParts parts = split_card(card);
    EXPECT_EQ(parts.opening, "") << card;
    EXPECT_EQ(parts.body, card);
  }
}

TEST(SplitCard, AFenceOnTheVeryNextLineDoesNotClose) {
  EXPECT_EQ(split_card("---\n---\na: 1\n---\nbody").yaml, "---\na: 1");
}

TEST(SplitCard, LosesNoByte) {
  for (const std::string card : {"---\r\na: 1\n\r---\n\n\nx\r", " \n---\n\n\n---\t\r\n", "x", ""}) {
    EXPECT_EQ(all_of(split_card(card)), card);
  }
}

TEST(SplitCard, NeedsOnlyLinearTimeForManyFencesThatDoNotClose) {
  std::string card = "---\n";
  for (int i = 0; i < 400'000; ++i) card += "---x\n\n\r";
  EXPECT_EQ(split_card(card).body.size(), card.size());  // quadratic time would hit the limit
}

constexpr std::string_view kYaml =
    "# who may use it\n"
    "license: mit  # chosen by Ana\n"
    "version: 1.10\n"
    "\n"
    "# languages\n"
    "language: [en, no]\n"
    "empty:\n"
    "model-index:\n"
    "- name: x\n"
    "  results: []\n"
    "  unknown: kept\n"
    "# the end";

TEST(WithKey, ChangesOnlyTheLinesOfItsKey) {
  const std::string changed = with_key(kYaml, "license", "apache-2.0");
  std::string expected(kYaml);
  expected.replace(expected.find("license: mit  # chosen by Ana"), 29, "license: apache-2.0");
  EXPECT_EQ(changed, expected);
}

TEST(WithKey, ChangesAKeyOfSeveralLines) {
  const std::string changed = with_key(kYaml, "model-index", {{{"name", "y"}}});
  EXPECT_TRUE(changed.ends_with("empty:\nmodel-index:\n- name: y\n# the end")) << changed;
  EXPECT_TRUE(changed.starts_with(kYaml.substr(0, kYaml.find("model-index"))));
}

TEST(WithKey, KeepsTheBytesWhenTheValueIsTheSame) {
  EXPECT_EQ(with_key(kYaml, "language", {"en", "no"}), kYaml);
  EXPECT_EQ(with_key(kYaml, "absent", nullptr), kYaml);
}

TEST(WithKey, AppendsANewKeyAndRemovesAnOldOne) {
  EXPECT_EQ(with_key("a: 1", "b", {"x"}), "a: 1\nb:\n- x");
  EXPECT_EQ(with_key("", "b", 2), "b: 2");
  EXPECT_EQ(with_key("a: 1\nb: 2\nc: 3", "b", nullptr), "a: 1\nc: 3");
  EXPECT_EQ(with_key("a: 1", "a", nullptr), "");
}

TEST(WithKey, KeepsTheLineBreaksOfTheBlock) {
  EXPECT_EQ(with_key("a: 1\r\nb: 2", "a", {"x", "y"}), "a:\r\n- x\r\n- y\r\nb: 2");
  EXPECT_EQ(with_key("a: 1\rb: 2", "b", 3), "a: 1\rb: 3");
}

TEST(WithKey, WritesTheBlockAnewWhereLinesCannotBeEdited) {
  EXPECT_EQ(with_key("{a: 1, b: 2}", "a", 3), "a: 3\nb: 2");
  EXPECT_EQ(with_key("a: &x [1]\nb: *x", "a", 2), "a: 2\nb:\n- 1");
}

TEST(WithKey, KeepsTheWordsOfWhatDoesNotChangeInsideItsKey) {
  const std::string yaml =
      "more:\n- version: 1.10\n  mode: 0644\n  on: no\n  none: ~\n  day: 2024-01-01\n  quoted: "
      "'1.10'";
  ordered_json value = parse_front_matter(yaml)["more"];
  value[0]["version"] = 1.1;
  value.push_back({{"version", 2.5}});
  EXPECT_EQ(with_key(yaml, "more", value),
            "more:\n- version: 1.10\n  mode: 0644\n  'on': no\n  none:\n  day: 2024-01-01\n"
            "  quoted: '1.10'\n- version: 2.5");
}

TEST(WithKey, LeavesTheLayoutOfABlockThatHasANaN) {
  EXPECT_EQ(with_key("x: .nan  # odd\na: 1", "a", 2), "x: .nan  # odd\na: 2");
  EXPECT_EQ(with_key("x: [.nan, {y: .NaN}]", "x", {NAN, {{"y", NAN}}}), "x: [.nan, {y: .NaN}]");
}

TEST(WithKey, RemovesTheOnlyKeyAndSparesComments) {
  EXPECT_EQ(with_key("# mine\na: 1\n# end", "a", nullptr), "# mine\n# end");
}

TEST(WithKey, QuotesTheLanguageThatReadsAsFalse) {
  EXPECT_EQ(with_key("a: 1", "language", "no"), "a: 1\nlanguage: 'no'");
}

}  // namespace
}  // namespace torchhub
