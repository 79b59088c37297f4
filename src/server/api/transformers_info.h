#pragma once

#include "server/repos/head_summary.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// `{"auto_model": "AutoModelForCausalLM", "pipeline_tag": "...", "processor": "AutoTokenizer"}`:
/// which classes of transformers load a model, by the architecture that its config.json names. Null
/// for models of another library.
nlohmann::json transformers_info(const git::Repository& git, const std::string& commit,
                                 const HeadSummary& summary);

}  // namespace torchhub::server
