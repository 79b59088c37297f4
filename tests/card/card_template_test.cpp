#include "torchhub/card/card_template.h"

#include "support/message_of.h"
#include "torchhub/card/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

TEST(FillTemplate, PutsValuesAndDefaultsInPlace) {
  const TemplateValues values = {{"a", "A {{ b }}"}, {"empty", ""}};
  EXPECT_EQ(fill_template("x {{ a }} {{a}} {{ b }}|", values), "x A {{ b }} A {{ b }} |");
  EXPECT_EQ(fill_template(R"({{ empty | default("one \"two\"", true) }})", values), "one \"two\"");
  EXPECT_EQ(fill_template("{{ b|default('three') }} {{ a | default(\"no\", True) }}", values),
            "three A {{ b }}");
  EXPECT_EQ(fill_template("{ {x} } }} {", values), "{ {x} } }} {");
  EXPECT_EQ(fill_template("", values), "");
}

std::string template_error(const std::string& text) {
  return testing::message_of<ModelCardError>([&] { fill_template(text, {}); });
}

TEST(FillTemplate, NamesTheLineOfWhatItDoesNotUnderstand) {
  EXPECT_EQ(template_error("one\ntwo {% if x %}\n"),
            "Line 2 of the card template has '{% if x %}', which is not understood. Templates may "
            "hold {{ name }} and {{ name | default(\"text\", true) }}.");
  for (const char* text :
       {"{# note #}", "{{ a.b }}", "{{ a | upper }}", "{{ }}", "{{ a", "{{ a | default() }}",
        "{{ a | default('x }}", "{{ a | default('x', false) }}", "{{ a | default('x', true) | b }}",
        "{{ 'text' }}", "{{- a }}", "{{ a b }}"}) {
    EXPECT_TRUE(template_error(text).starts_with("Line 1 of the card template has '{")) << text;
  }
}

TEST(FillTemplate, NeedsOnlyLinearTime) {
  std::string braces;
  for (int i = 0; i < 1'000'000; ++i) braces += "{ { ";
  EXPECT_EQ(fill_template(braces, {}), braces);
  EXPECT_NE(template_error("{{" + std::string(1'000'000, 'a')), "nothing was thrown");
}

TEST(CardTemplate, HasEveryHeadingInItsPlace) {
  const std::string text = card_from_template(ordered_json::object()).text();
  std::istringstream lines(text);
  std::string headings;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#") && !line.starts_with("# What") && !line.starts_with("# How the")) {
      headings += line + "\n";
    }
  }
  EXPECT_EQ(headings,
            "# Model Card for Model ID\n## Model Details\n### Model Description\n"
            "### Model Sources [optional]\n## Uses\n### Direct Use\n### Downstream Use [optional]\n"
            "### Out-of-Scope Use\n## Bias, Risks, and Limitations\n### Recommendations\n"
            "## How to Get Started with the Model\n## Training Details\n### Training Data\n"
            "### Training Procedure\n#### Preprocessing [optional]\n"
            "#### Training Hyperparameters\n#### Speeds, Sizes, Times [optional]\n## Evaluation\n"
            "### Testing Data, Factors & Metrics\n#### Testing Data\n#### Factors\n#### Metrics\n"
            "### Results\n#### Summary\n## Model Examination [optional]\n"
            "## Environmental Impact\n## Technical Specifications [optional]\n"
            "### Model Architecture and Objective\n### Compute Infrastructure\n#### Hardware\n"
            "#### Software\n## Citation [optional]\n## Glossary [optional]\n"
            "## More Information [optional]\n## Model Card Authors [optional]\n"
            "## Model Card Contact\n");
}

TEST(CardTemplate, EveryNameFillsItsPlaceAndNoOther) {
  for (const char* name : {"model_id",
                           "model_summary",
                           "model_description",
                           "developers",
                           "funded_by",
                           "shared_by",
                           "model_type",
                           "language",
                           "license",
                           "base_model",
                           "repo",
                           "paper",
                           "demo",
                           "direct_use",
                           "downstream_use",
                           "out_of_scope_use",
                           "bias_risks_limitations",
                           "bias_recommendations",
                           "get_started_code",
                           "training_data",
                           "preprocessing",
                           "training_regime",
                           "speeds_sizes_times",
                           "testing_data",
                           "testing_factors",
                           "testing_metrics",
                           "results",
                           "results_summary",
                           "model_examination",
                           "hardware_type",
                           "hours_used",
                           "cloud_provider",
                           "cloud_region",
                           "co2_emitted",
                           "model_specs",
                           "compute_infrastructure",
                           "hardware_requirements",
                           "software",
                           "citation_bibtex",
                           "citation_apa",
                           "glossary",
                           "more_information",
                           "model_card_authors",
                           "model_card_contact"}) {
    const std::string text = card_from_template({}, {{name, "<<here>>"}}).text();
    const std::size_t at = text.find("<<here>>");
    EXPECT_NE(at, std::string::npos) << name;
    EXPECT_EQ(text.find("<<here>>", at + 1), std::string::npos) << name;
    EXPECT_EQ(text.find("{{"), std::string::npos);
  }
}

TEST(CardTemplate, TakesWordsOfTheMetadataUnlessTheyAreGiven) {
  const ordered_json metadata = {
      {"license", "mit"}, {"language", {"en", "no"}}, {"tags", {"a"}}, {"absent", nullptr}};
  const ModelCard card = card_from_template(metadata, {{"license", "The MIT license"}});
  EXPECT_EQ(card.metadata(),
            ordered_json({{"license", "mit"}, {"language", {"en", "no"}}, {"tags", {"a"}}}));
  EXPECT_NE(card.text().find("**License:** The MIT license\n"), std::string::npos);
  EXPECT_NE(card.text().find("**Language(s) (NLP):** en, no\n"), std::string::npos);
  EXPECT_NE(card.text().find("**Developed by:** [More Information Needed]\n"), std::string::npos);
}

TEST(CardTemplate, TakesATemplateOfTheUsersOwn) {
  const ModelCard card = card_from_template({{"license", "mit"}}, {{"who", "Ana"}},
                                            "---\n{{ card_data }}\n---\n\n# By {{ who }}\n");
  EXPECT_EQ(card.text(), "---\nlicense: mit\n---\n\n# By Ana\n");
}

}  // namespace
}  // namespace torchhub
