#include "cli/card_metadata.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/eval_result_json.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::cli {
namespace {

using nlohmann::ordered_json;

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

ordered_json value_of(const std::string& key, const std::string& text) {
  const ordered_json map = parse_front_matter(key + ": " + text);
  const auto found = map.find(key);  // a key such as `~` is none
  if (map.size() != 1 || found == map.end()) throw ModelCardError("it sets more than one key");
  return *found;
}

}  // namespace

std::pair<std::string, std::string> key_and_value(std::string_view option,
                                                  const std::string& word) {
  const std::size_t sign = word.find('=');
  if (sign == std::string::npos || !is_key(std::string_view(word).substr(0, sign))) {
    throw InvalidArgumentError(fmt::format(
        "{} '{}' does not read KEY=VALUE. Example: {} license=mit", option, word, option));
  }
  return {word.substr(0, sign), word.substr(sign + 1)};
}

ordered_json metadata_of(const std::vector<std::string>& words) {
  ordered_json out = ordered_json::object();
  for (const std::string& word : words) {
    const auto [key, text] = key_and_value("--set", word);
    try {
      out[key] = value_of(key, text);
    } catch (const ModelCardError& error) {
      throw InvalidArgumentError(
          fmt::format("The value of --set '{}' is no YAML: {}", word, error.what()));
    }
    if (out[key].is_null()) {
      throw InvalidArgumentError(
          fmt::format("--set '{}' has no value. To take a key away, use --remove {}", word, key));
    }
  }
  return out;
}

ordered_json with_tags(const std::vector<std::string>& present,
                       const std::vector<std::string>& added) {
  std::vector<std::string> all = present;
  for (const std::string& tag : added) {
    if (std::find(all.begin(), all.end(), tag) == all.end()) all.push_back(tag);
  }
  return all;
}

std::vector<EvalResult> results_of_file(const std::filesystem::path& file) {
  try {
    return eval_results_from_json(ordered_json::parse(read_file(file)));
  } catch (const nlohmann::json::exception& error) {
    throw ModelCardError(fmt::format("{} is no JSON: {}", file.string(), error.what()));
  } catch (ModelCardError& error) {
    error.add_context(file.string());
    throw;
  }
}

}  // namespace torchhub::cli
