#include "cli/card_place.h"

#include "push/online.h"
#include "torchhub/card/card_template.h"
#include "torchhub/push/card_repo.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCardFile = "README.md";

bool looks_like_a_path(const std::string& word) {
  if (word.empty() || word.find_first_of("./~\\") == 0) return true;
  const std::string id = word.substr(0, word.find('@'));
  return std::count(id.begin(), id.end(), '/') != 1 || id.ends_with('/');
}

fs::path card_file(const std::string& word) {
  std::error_code error;
  return fs::is_regular_file(word, error) ? fs::path(word) : fs::path(word) / kCardFile;
}

std::string said_of(const CommitInfo& info) {
  if (!info.changed) return "Nothing to change.";
  return info.pr_url ? *info.pr_url : info.commit_url;
}

}  // namespace

CardPlace parse_card_place(const std::string& word, RepoType type,
                           const std::function<HubOptions()>& hub) {
  std::error_code error;
  if (fs::exists(word, error) || looks_like_a_path(word)) return card_file(word);
  const HubReference reference = HubReference::parse(word);
  return RepoPlace{.client = HubClient(hub()),
                   .repo = {.id = reference.repo, .type = type},
                   .revision = reference.revision.value_or(std::string(kDefaultRevision))};
}

void require_online(const CardPlace& place) {
  const auto* remote = std::get_if<RepoPlace>(&place);
  if (remote != nullptr) torchhub::require_online(remote->client, remote->repo);
}

std::string name_of(const CardPlace& place) {
  if (const auto* remote = std::get_if<RepoPlace>(&place)) return remote->repo.id.name;
  const fs::path folder = fs::absolute(std::get<fs::path>(place)).lexically_normal().parent_path();
  return folder.filename().string();
}

ModelCard read_card(const CardPlace& place) {
  if (const auto* file = std::get_if<fs::path>(&place)) return ModelCard::load(*file);
  const auto& remote = std::get<RepoPlace>(place);
  return load_card(remote.client, remote.repo, remote.revision);
}

std::optional<ModelCard> find_card_at(const CardPlace& place) {
  if (const auto* file = std::get_if<fs::path>(&place)) {
    return fs::exists(*file) ? std::optional(ModelCard::load(*file)) : std::nullopt;
  }
  const auto& remote = std::get<RepoPlace>(place);
  auto found = find_card(remote.client, remote.repo, remote.revision);
  return found ? std::optional(std::move(found->card)) : std::nullopt;
}

std::string edit_card_at(const CardPlace& place, const std::function<void(ModelCard&)>& edit,
                         const UploadOptions& options) {
  if (const auto* remote = std::get_if<RepoPlace>(&place)) {
    UploadOptions upload = options;
    upload.revision = remote->revision;
    return said_of(edit_card(remote->client, remote->repo, edit, upload));
  }
  const auto& file = std::get<fs::path>(place);
  auto found = find_card_at(place);
  ModelCard card = found ? *std::move(found) : card_from_template(nlohmann::ordered_json::object());
  const std::string before = found ? card.text() : "";
  edit(card);
  if (card.text() == before) return "Nothing to change.";
  card.save(file);
  return file.string();
}

}  // namespace torchhub::cli
