#include "torchhub/card/validate.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using Severity = CardProblem::Severity;

/// "error license: ..." a line.
std::string problems(const std::string& yaml) {
  std::string out;
  for (const CardProblem& problem : problems_of_card("---\n" + yaml + "\n---\n# net\n")) {
    out += problem.severity == Severity::error ? "error " : "warning ";
    out += problem.key + ": " + problem.message + "\n";
  }
  return out;
}

TEST(ProblemsOfCard, AreNoneForAGoodCard) {
  EXPECT_EQ(problems("language: [en, no, deu, code, multilingual]\nlicense: apache-2.0\n"
                     "tags: [a]\ndatasets: [ana/d]\nmetrics: [f1]\nbase_model: ana/b\n"
                     "base_model_relation: finetune\npipeline_tag: fill-mask\nanything: {else: 1}\n"
                     "model-index:\n- name: x\n  results: []"),
            "");
}

TEST(ProblemsOfCard, NameTheKeyAndWhatWouldBeRight) {
  EXPECT_EQ(problems("language: [english, EN, xx]"),
            "error language: 'english', 'EN', 'xx': no language code. Use two or three small "
            "letters (en, no, deu), 'code' or 'multilingual'\n");
  EXPECT_EQ(problems("license: Apache 2"),
            "error license: 'Apache 2': no license id of the Hub. Use one of its list, or 'other' "
            "with a license_name\n");
  EXPECT_EQ(problems("license: other"),
            "warning license_name: is missing; the Hub shows it where license is 'other'\n");
  EXPECT_EQ(problems("license: other\nlicense_name: mine"), "");
  EXPECT_EQ(problems("tags: a"),
            "warning tags: is one word; the Hub wants a list: '- ' and the "
            "word\n");
  EXPECT_EQ(problems("datasets: [1, a]"),
            "error datasets: must be a list of words. Put what reads as a number or as yes and no "
            "in quotes\n");
  EXPECT_EQ(problems("base_model: /home/ana/net"),
            "error base_model: '/home/ana/net': no model id. Use 'owner/name', or 'name' for an "
            "old model of no owner\n");
  EXPECT_EQ(problems("base_model_relation: copy"),
            "error base_model_relation: must be finetune, adapter, merge or quantized\n");
  EXPECT_EQ(problems("pipeline_tag: cooking"),
            "warning pipeline_tag: 'cooking' is no task that is known here; the Hub shows no "
            "widget for it\n");
}

TEST(ProblemsOfCard, SayWhatTheModelIndexLacks) {
  const std::string good =
      "model-index:\n- name: x\n  results:\n  - task:\n      type: t\n    dataset:\n      name: D\n"
      "      type: d\n    metrics:\n    - type: f1\n      value:";
  EXPECT_EQ(problems(good + " 1"), "");
  EXPECT_EQ(problems(good), "error model-index: the metric 'f1' has no value\n");
  EXPECT_NE(problems("model-index:\n- results: []").find("has no 'name'"), std::string::npos);
}

TEST(ProblemsOfCard, WarnOfDatasetsThatAreFiles) {
  EXPECT_EQ(problems("datasets: [ana/d, glue, csv, /home/ana/data, train.json]"),
            "warning datasets: 'csv', '/home/ana/data', 'train.json': no dataset id, so the Hub "
            "links nothing. Use 'owner/name', and leave out data of your own files\n");
}

TEST(ProblemsOfCard, ShowFiveOfManyWrongWords) {
  std::string yaml = "language: [";
  for (int i = 0; i < 1000; ++i) yaml += "x" + std::to_string(i) + ", ";
  EXPECT_TRUE(
      problems(yaml + "en]")
          .starts_with(
              "error language: 'x0', 'x1', 'x2', 'x3', 'x4' and 995 more: no language code."));
}

std::string first(const std::string& card) {
  const auto found = problems_of_card(card);
  return found.empty() ? "none" : found[0].message;
}

TEST(ProblemsOfCard, SeeAFrontMatterThatIsHidden) {
  EXPECT_EQ(first("\xEF\xBB\xBF---\na: 1\n---\n"),
            "A byte order mark stands before the front matter of the model card, so that nobody "
            "sees it. Save the file as UTF-8 without the mark.");
  const std::string no_end =
      "The front matter of the model card has no line '---' that ends it, or blanks after the "
      "first one. Put '---' on a line of its own below the last key.";
  EXPECT_EQ(first("---\nlicense: mit\n# Title\n"), no_end);
  EXPECT_EQ(first("---\r# note\r\rtags:\r- a"), no_end);
  EXPECT_EQ(first("--- \nlicense: mit\n---\n"), no_end);
  const std::string wide =
      "The model card is not UTF-8 but looks like UTF-16. Save the file as UTF-8.";
  EXPECT_EQ(first(std::string("\xFF\xFE-\0-\0-\0", 8)), wide);
  EXPECT_EQ(first(std::string("\0-\0-\0-\0\n", 8)), wide);
  EXPECT_EQ(first("---\na: \xE9\n---\n"),
            "Text of a model card is not UTF-8. Save the file as UTF-8.");
}

TEST(ProblemsOfCard, ALineOfDashesAboveWordsIsNoFrontMatter) {
  const std::string none =
      "the card has no metadata. Begin it with a line '---', keys such as 'license: mit', and "
      "another line '---'";
  EXPECT_EQ(first("---\n\nSome words: and more\n"), none);
  EXPECT_EQ(first("---\n# Title\n"), none);
  EXPECT_EQ(first("# Title\n"), none);
  EXPECT_EQ(first(""), none);
}

}  // namespace
}  // namespace torchhub
