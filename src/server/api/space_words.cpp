#include "server/api/space_words.h"

#include <nlohmann/json.hpp>

#include <cctype>
#include <string>

namespace torchhub::server {
namespace {

/// `owner/My_App` as a label of a host name: `owner-my-app`.
std::string subdomain(const RepoId& id) {
  std::string out = id.owner + "-" + id.name;
  for (char& c : out) {
    const auto letter = static_cast<unsigned char>(c);
    c = std::isalnum(letter) != 0 ? static_cast<char>(std::tolower(letter)) : '-';
  }
  return out;
}

}  // namespace

void add_space_words(nlohmann::json& info, const RepoId& id, const nlohmann::json& card) {
  info["subdomain"] = subdomain(id);
  if (!card.is_object()) return;
  const auto sdk = card.find("sdk");
  if (sdk != card.end() && sdk->is_string()) info["sdk"] = *sdk;
}

void add_linked_repos(nlohmann::json& info, const nlohmann::json& card) {
  if (!card.is_object()) return;
  for (const char* word : {"models", "datasets"}) {
    const auto named = card.find(word);
    if (named == card.end()) continue;
    nlohmann::json ids = nlohmann::json::array();
    for (const auto& id : named->is_array() ? *named : nlohmann::json::array({*named})) {
      if (id.is_string()) ids.push_back(id);
    }
    if (!ids.empty()) info[word] = std::move(ids);
  }
}

}  // namespace torchhub::server
