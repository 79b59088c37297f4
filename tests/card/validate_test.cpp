#include "torchhub/card/validate.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using Severity = CardProblem::Severity;

/// "error license: ..." a line.
std::string problems(const std::string& yaml, CardKind kind = CardKind::model) {
  std::string out;
  for (const CardProblem& problem : problems_of_card("---\n" + yaml + "\n---\n# net\n", kind)) {
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

TEST(ProblemsOfCard, OfADatasetAreOfItsOwnKeys) {
  const auto of = [](const std::string& yaml) { return problems(yaml, CardKind::dataset); };
  EXPECT_EQ(of("license: mit\nlanguage: en\npretty_name: Reviews\ntask_categories: [fill-mask]\n"
               "task_ids: [x]\nsize_categories: 1K<n<10K\nannotations_creators: [found]\n"
               "language_creators: found\nmultilinguality: monolingual\nsource_datasets: [a]\n"
               "configs:\n- config_name: default\n  data_files: a.csv\ndataset_info: {x: 1}\n"
               "pipeline_tag: 5\nmodel-index: 7"),
            "");
  EXPECT_EQ(of("task_categories: [mind-reading]"),
            "warning task_categories: 'mind-reading': no task that is known here, so no list finds "
            "the data set by it\n");
  EXPECT_EQ(of("size_categories: huge").substr(0, 32), "warning size_categories: 'huge':");
  EXPECT_EQ(of("annotations_creators: me").substr(0, 35), "warning annotations_creators: 'me':");
  EXPECT_EQ(of("multilinguality: 3"), "error multilinguality: must be a word or a list of words\n");
  EXPECT_EQ(of("task_ids: {a: 1}"), "error task_ids: must be a word or a list of words\n");
  EXPECT_EQ(of("pretty_name: 3"), "error pretty_name: must be one word\n");
  EXPECT_EQ(of("configs: default"),
            "error configs: must be a list, each with a config_name and data_files\n");
  EXPECT_EQ(of("configs:\n- data_files: a.csv"),
            "error configs: each needs a config_name, a word\n");
  EXPECT_EQ(of("configs:\n- config_name: a\n- config_name: a"),
            "error configs: the config_name 'a' is there twice\n");
  EXPECT_EQ(of("dataset_info: [3]"), "error dataset_info: must be a map, or a list of maps\n");
}

TEST(ProblemsOfCard, OfASpaceAreOfItsOwnKeys) {
  const auto of = [](const std::string& yaml) {
    return problems("sdk: gradio\n" + yaml, CardKind::space);
  };
  EXPECT_EQ(
      of("title: T\nemoji: x\ncolorFrom: red\ncolorTo: gray\napp_file: app.py\napp_port: 7860\n"
         "pinned: false\nshort_description: short\nmodels: [a/b]\ndatasets: [a/d]\n"
         "license: mit\npipeline_tag: 5"),
      "");
  EXPECT_EQ(problems("sdk: perl", CardKind::space),
            "error sdk: 'perl' is none of gradio, streamlit, docker, static\n");
  EXPECT_EQ(problems("title: T", CardKind::space),
            "warning sdk: is missing, so the space cannot run. Use gradio, streamlit, docker or "
            "static\n");
  EXPECT_EQ(of("colorTo: beige"),
            "error colorTo: 'beige' is none of red, yellow, green, blue, indigo, purple, pink, "
            "gray\n");
  for (const char* port : {"0", "65536", "99999999999999999999", "http", "1.5"}) {
    EXPECT_EQ(of(std::string("app_port: ") + port),
              "error app_port: must be a number from 1 to 65535\n")
        << port;
  }
  EXPECT_EQ(of("short_description: " + std::string(61, 'x')),
            "error short_description: has 61 characters; the Hub takes 60\n");
  std::string long_in_bytes;
  for (int i = 0; i < 60; ++i) long_in_bytes += "\xc3\xa9";
  EXPECT_EQ(of("short_description: " + long_in_bytes), "");
  EXPECT_EQ(of("pinned: maybe"), "error pinned: must be true or false\n");
  EXPECT_EQ(of("models: [../x]"),
            "warning models: '../x': no model id, so the Hub links nothing. Use 'owner/name'\n");
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
