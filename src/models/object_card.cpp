#include "object_card.h"

#include "torchhub/base/version.h"
#include "torchhub/card/card_template.h"
#include "torchhub/card/how_to_use.h"
#include "torchhub/card/training_card.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

/// Empty for what has no weights, and where a name cannot stand in a program.
std::string code_of(const NewCard& card, const PushedObject& object) {
  const bool is_plain = stands_in_code(card.repo_id) && stands_in_code(card.revision);
  if (object.parameters == 0 || !is_plain) return {};
  return how_to_use({.repo_id = card.repo_id,
                     .revision = card.revision,
                     .task = task_of_model_class(object.class_name).value_or(""),
                     .in_transformers = card.library_name == "transformers"});
}

std::string specs_of(const PushedObject& object) {
  if (object.parameters == 0) return object.class_name;
  return fmt::format("{}, {} parameters", object.class_name, object.parameters);
}

}  // namespace

std::string object_card(const NewCard& card, const PushedObject& object) {
  nlohmann::ordered_json metadata{{"library_name", card.library_name}};
  if (!object.base_model.empty() && object.base_model != card.repo_id) {
    metadata["base_model"] = object.base_model;
  }
  if (!card.tags.empty()) metadata["tags"] = card.tags;
  return card_from_template(
             metadata,
             {{"model_id", card.model_name},
              {"model_description",
               fmt::format("A model that was saved and pushed with {}.", card.library_name)},
              {"model_type", object.class_name},
              {"model_specs", specs_of(object)},
              {"get_started_code", code_of(card, object)},
              {"software", fmt::format("torchhub {}", kVersion)}})
      .text();
}

}  // namespace torchhub
