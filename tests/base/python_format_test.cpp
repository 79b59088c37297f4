#include "torchhub/base/python_format.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>

namespace torchhub {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

TEST(PythonRepr, WritesDoublesAsPythonDoes) {
  const auto golden = json::parse(testing::golden("base/doubles.json"));
  ASSERT_GT(golden.size(), 3000U);
  for (const auto& pair : golden) {
    const auto bits = std::stoull(pair.at(0).get<std::string>(), nullptr, 16);
    EXPECT_EQ(python_repr(std::bit_cast<double>(static_cast<std::uint64_t>(bits))),
              pair.at(1).get<std::string>())
        << pair.at(0);
  }
}

TEST(PythonJson, WritesWhatJsonDumpsWrites) {
  for (const auto& golden : json::parse(testing::golden("base/dumps.json"))) {
    const ordered_json value = parse_python_json(golden.at("text"));
    EXPECT_EQ(python_json(value), golden.at("config").get<std::string>());
    EXPECT_EQ(python_json(value, {.indent = -1, .sort_keys = false}),
              golden.at("line").get<std::string>());
    EXPECT_EQ(python_json(value, {.indent = 4, .sort_keys = false, .ascii = false}),
              golden.at("unicode").get<std::string>());
  }
}

TEST(PythonJson, SortsUnorderedValuesToo) {
  EXPECT_EQ(python_json(json{{"b", 1}, {"a", 1e-7}}, {.indent = -1}), R"({"a": 1e-07, "b": 1})");
}

TEST(ParsePythonJson, ReadsTheBareWords) {
  const auto value =
      parse_python_json(R"({"a": NaN, "b": [Infinity, -Infinity], "c": "NaN -Infinity"})");
  EXPECT_TRUE(std::isnan(value.at("a").get<double>()));
  EXPECT_EQ(value.at("b").at(0).get<double>(), HUGE_VAL);
  EXPECT_EQ(value.at("b").at(1).get<double>(), -HUGE_VAL);
  EXPECT_EQ(value.at("c"), "NaN -Infinity");
}

TEST(ParsePythonJson, KeepsTextThatLooksLikeItsOwnMarks) {
  const auto value =
      parse_python_json(R"({"a": NaN, "b": "\u0001NaN", "c\"": "x\\", "d": Infinity})");
  EXPECT_EQ(value.at("b"), "\x01NaN");
  EXPECT_EQ(value.at("c\""), "x\\");
  EXPECT_EQ(value.at("d").get<double>(), HUGE_VAL);
}

TEST(ParsePythonJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(parse_python_json(R"({"z": 1, "a": 2})").dump(), R"({"z":1,"a":2})");
}

TEST(ParsePythonJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", "{", "[1,]", "{'a': 1}", "nan", "NaNa", "[Infinity", "-NaN", "1 2"}) {
    EXPECT_THROW(parse_python_json(text), InvalidArgumentError) << text;
  }
  try {
    parse_python_json("{\"a\": }");
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 16), "Not valid JSON: ");
  }
}

TEST(ParsePythonJson, RefusesDeepNestingInsteadOfOverflowingTheStack) {
  for (const std::string inner : {"", "NaN"}) {
    const std::string text = std::string(1'000'000, '[') + inner + std::string(1'000'000, ']');
    EXPECT_THROW(parse_python_json(text), InvalidArgumentError);
  }
  EXPECT_NO_THROW(parse_python_json(std::string(200, '[') + std::string(200, ']')));
}

}  // namespace
}  // namespace torchhub
