#pragma once

#include "torchhub/card/eval_result.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::cli {

/// "key=value". @throws InvalidArgumentError if there is no `=`, or no key before it
std::pair<std::string, std::string> key_and_value(std::string_view option, const std::string& word);

/// The keys of several `--set key=value`, whose values are YAML: `tags=[a, b]`, `language=no`.
/// @throws InvalidArgumentError that names the word
nlohmann::ordered_json metadata_of(const std::vector<std::string>& words);

/// `tags` of a card with these added, each once.
nlohmann::ordered_json with_tags(const std::vector<std::string>& present,
                                 const std::vector<std::string>& added);

/// What a JSON file of results holds; see eval_results_from_json(). @throws FileError,
/// ModelCardError
std::vector<EvalResult> results_of_file(const std::filesystem::path& file);

}  // namespace torchhub::cli
