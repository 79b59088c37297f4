#include "server/api/transformers_info.h"

#include <array>
#include <string_view>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// What an architecture's name ends in, the class that loads it, and its task.
struct Rule {
  std::string_view ending;
  std::string_view auto_model;
  std::string_view task;
};
constexpr std::array<Rule, 11> kRules = {
    {{"ForCausalLM", "AutoModelForCausalLM", "text-generation"},
     {"LMHeadModel", "AutoModelForCausalLM", "text-generation"},
     {"ForMaskedLM", "AutoModelForMaskedLM", "fill-mask"},
     {"ForSequenceClassification", "AutoModelForSequenceClassification", "text-classification"},
     {"ForTokenClassification", "AutoModelForTokenClassification", "token-classification"},
     {"ForQuestionAnswering", "AutoModelForQuestionAnswering", "question-answering"},
     {"ForConditionalGeneration", "AutoModelForSeq2SeqLM", "text2text-generation"},
     {"ForMultipleChoice", "AutoModelForMultipleChoice", "multiple-choice"},
     {"ForImageClassification", "AutoModelForImageClassification", "image-classification"},
     {"ForObjectDetection", "AutoModelForObjectDetection", "object-detection"},
     {"Model", "AutoModel", "feature-extraction"}}};

const Rule* rule_for(std::string_view architecture) {
  for (const Rule& rule : kRules) {
    if (architecture.ends_with(rule.ending)) return &rule;
  }
  return nullptr;
}

const char* processor_of(const git::Repository& git, const std::string& commit) {
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    if (git.entry(commit, file)) return "AutoTokenizer";
  }
  return git.entry(commit, "preprocessor_config.json") ? "AutoImageProcessor" : nullptr;
}

}  // namespace

json transformers_info(const git::Repository& git, const std::string& commit,
                       const HeadSummary& summary) {
  if (summary.library != "transformers" || !summary.config.is_object()) return nullptr;
  const json architectures = summary.config.value("architectures", json::array());
  if (architectures.empty()) return nullptr;
  const Rule* rule = rule_for(architectures[0].get_ref<const std::string&>());
  if (rule == nullptr) return nullptr;
  json out{{"auto_model", rule->auto_model},
           {"pipeline_tag",
            summary.pipeline_tag.empty() ? std::string(rule->task) : summary.pipeline_tag}};
  if (const char* processor = processor_of(git, commit)) out["processor"] = processor;
  return out;
}

}  // namespace torchhub::server
