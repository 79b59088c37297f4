#pragma once

#include "torchhub/card/card_template.h"
#include "torchhub/card/training_card.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub {

/// What the machine knows of a run, for the long card. Empty: the card asks for it.
struct CardRun {
  std::string training_regime = {};  ///< "fp32", "bf16 mixed precision"
  std::string hardware = {};         ///< "2 x NVIDIA H100"
  std::string model_size = {};       ///< "110M parameters"
};

/// What a training fills of model_card_template(): names, base model, data, regime, hardware,
/// hours, speeds, results, software, emissions, code. @param log_history as for render()
TemplateValues template_values(const TrainingCard& card, const nlohmann::ordered_json& log_history,
                               const CardRun& run = {});

/// The long card of a training: the metadata of render(), and the template with template_values().
/// @param values win over those. @throws ModelCardError as render and card_from_template
std::string render_long(const TrainingCard& card, const nlohmann::ordered_json& log_history,
                        const CardRun& run = {}, const TemplateValues& values = {});

}  // namespace torchhub
