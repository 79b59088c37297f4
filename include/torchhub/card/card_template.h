#pragma once

#include "torchhub/card/model_card.h"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <string_view>

namespace torchhub {

/// What fills a template, by name. An empty text is as good as none.
using TemplateValues = std::map<std::string, std::string>;

/// Fills `{{ name }}`, `{{ name | default("text") }}` and `{{ name | default("text", true) }}`: the
/// part of Jinja that card templates use. A name without value shows its default, else nothing.
/// Linear time; values are not looked at for braces.
/// @throws ModelCardError that names the line of anything else in `{{ }}`, `{% %}` or `{# #}`
std::string fill_template(std::string_view text, const TemplateValues& values);

/// The long model card with the headings and names of huggingface_hub's `modelcard_template.md`.
/// Wants `card_data`, the front matter.
std::string_view model_card_template();

/// A card from a template. `metadata` becomes `card_data`, and its words (license, language,
/// base_model, ...) fill names too; `values` win over them.
/// @throws ModelCardError as fill_template, or if what comes out is no card
ModelCard card_from_template(const nlohmann::ordered_json& metadata,
                             const TemplateValues& values = {},
                             std::string_view text = model_card_template());

}  // namespace torchhub
