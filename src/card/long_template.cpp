#include "torchhub/card/card_template.h"

#include <string>

namespace torchhub {
namespace {

constexpr std::string_view kNeeded = "[More Information Needed]";
constexpr std::string_view kRisks =
    "Whoever uses this model, directly or in a product, should know its risks, biases and limits. "
    "More information is needed for further recommendations.";

/// Writes the parts of a template: headings, and names that show a default.
class TemplateText {
 public:
  void line(std::string_view text) { out_.append(text).append("\n"); }
  void heading(std::string_view text) { out_.append("\n").append(text).append("\n"); }
  void value(std::string_view name, std::string_view otherwise = kNeeded) {
    out_.append("\n").append(placeholder(name, otherwise)).append("\n");
  }
  void section(std::string_view title, std::string_view name,
               std::string_view otherwise = kNeeded) {
    heading(title);
    value(name, otherwise);
  }
  void bullet(std::string_view title, std::string_view name) {
    out_.append("- **").append(title).append(":** ").append(placeholder(name, kNeeded)) += '\n';
  }
  std::string take() { return std::move(out_); }

  static std::string placeholder(std::string_view name, std::string_view otherwise) {
    return std::string("{{ ")
        .append(name)
        .append(" | default(\"")
        .append(otherwise)
        .append("\", true) }}");
  }

 private:
  std::string out_;
};

void front(TemplateText& text) {
  text.line("---");
  text.line(
      "# What the keys below may say: "
      "https://github.com/huggingface/hub-docs/blob/main/modelcard.md");
  text.line("# How the Hub uses them: https://huggingface.co/docs/hub/model-cards");
  text.line("{{ card_data }}");
  text.line("---");
  text.heading("# Model Card for " + TemplateText::placeholder("model_id", "Model ID"));
  text.value("model_summary", "");
}

void details(TemplateText& text) {
  text.heading("## Model Details");
  text.section("### Model Description", "model_description", "");
  text.line("");
  text.bullet("Developed by", "developers");
  text.bullet("Funded by [optional]", "funded_by");
  text.bullet("Shared by [optional]", "shared_by");
  text.bullet("Model type", "model_type");
  text.bullet("Language(s) (NLP)", "language");
  text.bullet("License", "license");
  text.bullet("Finetuned from model [optional]", "base_model");
  text.heading("### Model Sources [optional]");
  text.line("");
  text.bullet("Repository", "repo");
  text.bullet("Paper [optional]", "paper");
  text.bullet("Demo [optional]", "demo");
}

void uses(TemplateText& text) {
  text.heading("## Uses");
  text.section("### Direct Use", "direct_use");
  text.section("### Downstream Use [optional]", "downstream_use");
  text.section("### Out-of-Scope Use", "out_of_scope_use");
  text.section("## Bias, Risks, and Limitations", "bias_risks_limitations");
  text.section("### Recommendations", "bias_recommendations", kRisks);
  text.section("## How to Get Started with the Model", "get_started_code");
}

void training(TemplateText& text) {
  text.heading("## Training Details");
  text.section("### Training Data", "training_data");
  text.heading("### Training Procedure");
  text.section("#### Preprocessing [optional]", "preprocessing");
  text.heading("#### Training Hyperparameters");
  text.line("");
  text.bullet("Training regime", "training_regime");
  text.section("#### Speeds, Sizes, Times [optional]", "speeds_sizes_times");
}

void evaluation(TemplateText& text) {
  text.heading("## Evaluation");
  text.heading("### Testing Data, Factors & Metrics");
  text.section("#### Testing Data", "testing_data");
  text.section("#### Factors", "testing_factors");
  text.section("#### Metrics", "testing_metrics");
  text.section("### Results", "results");
  text.section("#### Summary", "results_summary", "");
  text.section("## Model Examination [optional]", "model_examination");
}

void environment(TemplateText& text) {
  text.heading("## Environmental Impact");
  text.line("");
  text.line(
      "The carbon emitted can be estimated with the "
      "[Machine Learning Impact calculator](https://mlco2.github.io/impact#compute) of "
      "[Lacoste et al. (2019)](https://arxiv.org/abs/1910.09700).");
  text.line("");
  text.bullet("Hardware Type", "hardware_type");
  text.bullet("Hours used", "hours_used");
  text.bullet("Cloud Provider", "cloud_provider");
  text.bullet("Compute Region", "cloud_region");
  text.bullet("Carbon Emitted", "co2_emitted");
}

void back(TemplateText& text) {
  text.heading("## Technical Specifications [optional]");
  text.section("### Model Architecture and Objective", "model_specs");
  text.section("### Compute Infrastructure", "compute_infrastructure");
  text.section("#### Hardware", "hardware_requirements");
  text.section("#### Software", "software");
  text.heading("## Citation [optional]");
  text.section("**BibTeX:**", "citation_bibtex");
  text.section("**APA:**", "citation_apa");
  text.section("## Glossary [optional]", "glossary");
  text.section("## More Information [optional]", "more_information");
  text.section("## Model Card Authors [optional]", "model_card_authors");
  text.section("## Model Card Contact", "model_card_contact");
}

std::string make_template() {
  TemplateText text;
  front(text);
  details(text);
  uses(text);
  training(text);
  evaluation(text);
  environment(text);
  back(text);
  return text.take();
}

}  // namespace

std::string_view model_card_template() {
  static const std::string text = make_template();
  return text;
}

}  // namespace torchhub
