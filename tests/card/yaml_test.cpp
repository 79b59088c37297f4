#include "support/golden.h"
#include "torchhub/base/python_format.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <iterator>
#include <sstream>
#include <sys/resource.h>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

std::vector<ordered_json> pyyaml_cases() {
  std::vector<ordered_json> cases;
  std::istringstream lines(testing::golden("card/yaml.jsonl"));
  for (std::string line; std::getline(lines, line);) cases.push_back(ordered_json::parse(line));
  return cases;
}

/// Texts that end in a line break or hold a Unicode one: yaml-cpp misreads PyYAML's form of them.
bool is_misread(const ordered_json& data) {
  const std::string text = data.dump(-1, ' ', true);
  return text.find("\\n\"") != std::string::npos || text.find("\\u2028") != std::string::npos ||
         text.find("\\u0085") != std::string::npos;
}

TEST(CardYaml, IsWrittenAsPyYamlWritesIt) {
  for (const ordered_json& example : pyyaml_cases()) {
    if (is_misread(example["data"])) continue;
    EXPECT_EQ(write_front_matter(example["data"]), example["yaml"].get<std::string>())
        << example["data"];
  }
}

TEST(CardYaml, EveryTextComesBackFromWhatWeWrite) {
  for (const ordered_json& example : pyyaml_cases()) {
    const std::string yaml = write_front_matter(example["data"]);
    EXPECT_EQ(parse_front_matter(yaml), example["data"]) << yaml;
  }
}

TEST(CardYaml, WhatPyYamlWroteReadsBackTheSame) {
  for (const ordered_json& example : pyyaml_cases()) {
    if (is_misread(example["data"])) continue;
    const auto yaml = example["yaml"].get<std::string>();
    EXPECT_EQ(parse_front_matter(yaml), example["data"]) << yaml;
  }
}

TEST(CardYaml, ReadsUnquotedWordsByYaml11Rules) {
  const std::vector<std::pair<std::string, ordered_json>> cases = {
      {"yes", true},
      {"Off", false},
      {"y", "y"},
      {"~", nullptr},
      {"", nullptr},
      {"nUll", "nUll"},
      {"012", 10},
      {"08", "08"},
      {"0o17", "0o17"},
      {"0x1F", 31},
      {"-0x1F", -31},
      {"0b101", 5},
      {"1_000", 1000},
      {"12:30", 750},
      {"-1:30", -90},
      {"1:90", "1:90"},
      {"1e5", "1e5"},
      {"1.5e+5", 150000.0},
      {"1.", 1.0},
      {".5", 0.5},
      {"1:30.5", 90.5},
      {".inf", INFINITY},
      {"-.INF", -INFINITY},
      {"1.10", 1.1},
      {"2024-01-01", "2024-01-01"},
      {"99999999999999999999", "99999999999999999999"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(parse_front_matter("key: " + text)["key"], expected) << text;
  }
}

TEST(CardYaml, KeepsTheWordsOfKeysThatHoldWords) {
  const ordered_json data = parse_front_matter("language:\n- no\n- en\nlicense: no\ngated: no");
  EXPECT_EQ(data["language"], ordered_json({"no", "en"}));
  EXPECT_EQ(data["license"], "no");
  EXPECT_EQ(data["gated"], false);
  EXPECT_EQ(write_front_matter({{"language", "no"}}), "language: 'no'\n");
}

TEST(CardYaml, KeepsTheNamesInsideAModelIndex) {
  const ordered_json data = parse_front_matter(
      "model-index:\n- name: 2024\n  results:\n  - dataset: {type: no, config: 1.10, split: on, "
      "revision: 0123, args: {name: no}}\n    metrics: [{type: off, value: 010}]");
  EXPECT_EQ(data["model-index"][0]["name"], "2024");
  EXPECT_EQ(data["model-index"][0]["results"][0],
            ordered_json::parse(R"({"dataset": {"type": "no", "config": "1.10", "split": "on",
              "revision": "0123", "args": {"name": false}},
              "metrics": [{"type": "off", "value": 8}]})"));
}

TEST(CardYaml, TheLastOfTwoEqualKeysWins) {
  EXPECT_EQ(parse_front_matter("a: 1\nb: 2\na: 3"), ordered_json({{"a", 3}, {"b", 2}}));
}

std::string yaml_error(const std::string& yaml) {
  try {
    parse_front_matter(yaml);
  } catch (const ModelCardError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CardYaml, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(yaml_error("a: 1\nb: [1, 2"),
            "The front matter of a model card cannot be read at line 2, column 1: end of sequence "
            "flow not found. Mend the block between the two '---' lines.");
  EXPECT_EQ(yaml_error("- a\n- b"),
            "The front matter of a model card cannot be read at line 1, column 1: it is not a map "
            "of keys and values. Mend the block between the two '---' lines.");
  EXPECT_EQ(yaml_error("a: \xff"), "Text of a model card is not UTF-8. Save the file as UTF-8.");
}

TEST(CardYaml, RefusesTextThatUnfoldsWithoutEnd) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_NE(yaml_error(bomb).find("it unfolds into too many values"), std::string::npos);
  EXPECT_NE(yaml_error("a: &a [*a]"), "no error");
  EXPECT_NE(yaml_error("a: " + std::string(5000, '[')), "no error");
}

TEST(CardYaml, RefusesMoreThanOneDocument) {
  const std::string error =
      "The front matter of a model card cannot be read: something follows where it should end. "
      "Mend the block between the two '---' lines.";
  EXPECT_EQ(yaml_error("a: 1\n...\nb: 2"), error);
  EXPECT_EQ(yaml_error("--- \na: 1\n--- \nb: 2"), error);
  EXPECT_EQ(yaml_error("---\na: 1"), "no error");
  EXPECT_EQ(yaml_error("a: 1\n..."), "no error");
}

TEST(CardYaml, RefusesTabsThatIndent) {
  EXPECT_NE(yaml_error("a:\n\tb: 1"), "no error");
  EXPECT_NE(yaml_error("a:\n- b\n\t- c"), "no error");
  EXPECT_EQ(yaml_error("a: 1\t# note\nb:\t2"), "no error");
}

/// Kilobytes of memory that this process holds at most so far.
long peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(CardYaml, RefusesFloodsBeforeTheyTakeMemory) {
  const auto flood = [](const std::string& head, const std::string& part) {
    std::string yaml = head;
    while (yaml.size() < (std::size_t{4} << 20)) yaml += part;
    return yaml;
  };
  const long before = peak_memory();
  for (const auto& [head, part] :
       std::vector<std::pair<std::string, std::string>>{{"a: &a x\nb:\n", "- *a\n"},
                                                        {"b:\n", "- &a x\n"},
                                                        {"b:\n", "- x\n"},
                                                        {"b: [", "x, "},
                                                        {"b: {", "x: y, "},
                                                        {"", "? x\n"},
                                                        {"b: ", "["},
                                                        {"b: ", "{x: "},
                                                        {"b:\n", "- - - - "},
                                                        {"", "- "}}) {
    SCOPED_TRACE(head + part);
    const std::string error = yaml_error(flood(head, part));
    EXPECT_TRUE(error.starts_with("The front matter of a model card cannot be read")) << error;
  }
  EXPECT_LT(peak_memory() - before, 1024 * 1024);
}

TEST(CardYaml, RefusesWhatIsTooLongWithoutReadingIt) {
  EXPECT_EQ(yaml_error(std::string((std::size_t{16} << 20) + 1, 'x')),
            "The front matter of a model card has 16777217 bytes; it may have 16777216. Move text "
            "below the second '---' line.");
}

std::string strict_yaml_error(const std::string& yaml) {
  constexpr FrontMatterLimits kStrict{.max_bytes = 1000, .max_depth = 3, .aliases_and_tags = false};
  try {
    parse_front_matter(yaml, kStrict);
  } catch (const ModelCardError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CardYaml, KeepsToTheLimitsOfItsCaller) {
  EXPECT_EQ(strict_yaml_error("a: [[x], 'y', \"z\", 1]\nb: |\n  text\n"), "no error");
  EXPECT_EQ(strict_yaml_error("a: [[[x]]]"),
            "The front matter of a model card cannot be read at line 1, column 6: it is nested "
            "deeper than 3 levels. Mend the block between the two '---' lines.");
  EXPECT_NE(
      strict_yaml_error("a: &x 1\nb: *x").find("at line 2, column 4: aliases are not allowed"),
      std::string::npos);
  for (const char* yaml : {"a: !!str 1", "a: !mine [1]", "a: !mine {b: 1}"}) {
    EXPECT_NE(strict_yaml_error(yaml).find("tags are not allowed here"), std::string::npos) << yaml;
  }
  EXPECT_EQ(
      strict_yaml_error("a: " + std::string(998, 'x')),
      "The front matter of a model card has 1001 bytes; it may have 1000. Move text below the "
      "second '---' line.");
  EXPECT_EQ(strict_yaml_error("a: " + std::string(997, 'x')), "no error");
  EXPECT_EQ(yaml_error("a: &x !!str 1\nb: *x"), "no error") << "a client reads what the Hub has";
}

TEST(CardYaml, RefusesAKeyWhoseEscapesAreNotUtf8) {
  EXPECT_EQ(yaml_error(R"("\N": 1)"), "Text of a model card is not UTF-8. Save the file as UTF-8.");
}

TEST(CardYaml, ReadsManyKeysInOrder) {
  std::string yaml;
  for (int i = 0; i < 50'000; ++i) yaml += "k" + std::to_string(i) + ":\n";
  const ordered_json data = parse_front_matter(yaml + "k1: again");
  EXPECT_EQ(data.size(), 50'000U);
  EXPECT_EQ(data.begin().key(), "k0");
  EXPECT_EQ(std::prev(data.end()).key(), "k49999");
  EXPECT_EQ(data["k1"], "again");
}

TEST(CardYaml, ACardCutAtAnyByteGivesDataOrAnError) {
  const std::string yaml =
      "language:\n- 'no'\ntags: [a, \"b\\\"\"]\nmodel-index:\n- name: x\n  results: []\n"
      "text: |\n  one\n  two\nanchor: &a {b: c}\nalias: *a\n";
  for (std::size_t size = 0; size <= yaml.size(); ++size) {
    SCOPED_TRACE(size);
    try {
      EXPECT_TRUE(parse_front_matter(yaml.substr(0, size)).is_object());
    } catch (const ModelCardError&) {
    }
  }
}

}  // namespace
}  // namespace torchhub
