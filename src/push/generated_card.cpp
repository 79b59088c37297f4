#include "push/generated_card.h"

#include "base/read_if_there.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::string> text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::optional<std::string> GeneratedCard::behind(const std::string& readme) const {
  const auto text = read_file_if_there(file_);
  const Json json = text ? Json::parse(*text, nullptr, /*allow_exceptions=*/false) : Json();
  if (!json.is_object()) return std::nullopt;
  const std::string now = sha256_hex(readme);
  const bool is_the_one_before =
      now == text_at(json, "readme_before") && now != text_at(json, "readme");
  return text_at(json, is_the_one_before ? "before" : "generated");
}

void GeneratedCard::note(const std::string& next, const std::string& readme,
                         const std::string& next_readme) const {
  Json json = {{"generated", next},
               {"readme", sha256_hex(next_readme)},
               {"readme_before", sha256_hex(readme)}};
  if (const auto before = behind(readme)) json["before"] = *before;
  write_file_atomically(file_, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace torchhub
