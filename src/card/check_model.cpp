#include "card/card_check.h"
#include "card/hub_words.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/eval_result.h"

#include <fmt/format.h>

namespace torchhub::card {
namespace {

using Severity = CardProblem::Severity;

void check_relation(CardCheck& check) {
  constexpr std::string_view kKnown[] = {"finetune", "adapter", "merge", "quantized"};
  const nlohmann::ordered_json* value = check.value_of("base_model_relation");
  if (value == nullptr) return;
  const bool known =
      value->is_string() && std::find(std::begin(kKnown), std::end(kKnown),
                                      value->get_ref<const std::string&>()) != std::end(kKnown);
  if (known) return;
  check.add(Severity::error, "base_model_relation",
            "must be finetune, adapter, merge or quantized");
}

void check_model_index(CardCheck& check) {
  try {
    const ModelIndex index = check.card().eval_results();
    for (const EvalResult& result : index.results) {
      if (result.metric_value.is_null()) {
        return check.add(Severity::error, "model-index",
                         fmt::format("the metric '{}' has no value", result.metric_type));
      }
    }
  } catch (const ModelCardError& error) {
    check.add(Severity::error, "model-index", error.what());
  }
}

void check_pipeline_tag(CardCheck& check) {
  const std::string* tag = check.word("pipeline_tag");
  if (tag == nullptr || is_task(*tag)) return;
  check.add(Severity::warning, "pipeline_tag",
            fmt::format("'{}' is no task that is known here; the Hub shows no widget for it",
                        tag->substr(0, 100)));
}

}  // namespace

void check_model(CardCheck& check) {
  check.common();
  check.datasets();
  check.list_of_words("metrics");
  check.words("base_model", is_model_id,
              "no model id. Use 'owner/name', or 'name' for an old model of no owner");
  check_relation(check);
  check_model_index(check);
  check_pipeline_tag(check);
}

}  // namespace torchhub::card
