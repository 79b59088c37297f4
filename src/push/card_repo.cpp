#include "torchhub/push/card_repo.h"

#include "push/online.h"
#include "push/root_card.h"
#include "push/try_again.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/card_template.h"
#include "torchhub/card/errors.h"
#include "torchhub/hub/errors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLicenseTag = "license:";
/// Between our reading and our commit others may commit; so often we read again.
constexpr int kReadings = 3;

RemoteCard read_card(const HubClient& client, const Repo& repo, const std::string& revision,
                     const std::stop_token& stop) {
  // Forced: else an older card, or one of another Hub, would stand for what cannot be had.
  const fs::path file =
      client.hub_download(repo, kRootCard, {.revision = revision, .force_download = true},
                          stop);  // snapshots/<commit>/
  try {
    return {.card = ModelCard::load(file), .commit = file.parent_path().filename().string()};
  } catch (ModelCardError& error) {
    error.add_context(fmt::format("the card of '{}' at '{}'", repo.id.str(), revision));
    throw;
  }
}

/// What an edit begins with.
RemoteCard card_to_edit(const HubClient& client, const Repo& repo, const std::string& revision,
                        const std::stop_token& stop) {
  if (repo.type == RepoType::space) return read_card(client, repo, revision, stop);
  if (auto found = find_card(client, repo, revision, stop)) return *std::move(found);
  return {.card = card_from_template(nlohmann::ordered_json::object()),
          .commit = client.repo_info(repo, revision, stop).sha};
}

CommitInfo edit_once(const HubClient& client, const Repo& repo,
                     const std::function<void(ModelCard&)>& edit, UploadOptions options,
                     const std::stop_token& stop) {
  RemoteCard remote = card_to_edit(client, repo, options.revision, stop);
  const std::string before = remote.card.text();
  edit(remote.card);
  if (remote.card.text() == before) return {.oid = remote.commit, .changed = false};
  if (!options.parent_commit && !options.create_pr) options.parent_commit = remote.commit;
  return push_card(client, repo, remote.card, options, stop);
}

}  // namespace

std::optional<RemoteCard> find_card(const HubClient& client, const Repo& repo,
                                    const std::string& revision, std::stop_token stop) {
  try {
    return read_card(client, repo, revision, stop);
  } catch (const RemoteEntryNotFoundError&) {
    return std::nullopt;
  }
}

ModelCard load_card(const HubClient& client, const Repo& repo, const std::string& revision,
                    std::stop_token stop) {
  return read_card(client, repo, revision, stop).card;
}

CommitInfo push_card(const HubClient& client, const Repo& repo, const ModelCard& card,
                     const UploadOptions& options, std::stop_token stop) {
  return client.upload_file(repo, CommitOperationAdd::from_bytes(kRootCard, card.text()), options,
                            std::move(stop));
}

CommitInfo edit_card(const HubClient& client, const Repo& repo,
                     const std::function<void(ModelCard&)>& edit, const UploadOptions& options,
                     std::stop_token stop) {
  require_online(client, repo);
  return again_after<HeadMovedError>(options.parent_commit ? 1 : kReadings,
                                     [&] { return edit_once(client, repo, edit, options, stop); });
}

CommitInfo metadata_update(const HubClient& client, const Repo& repo,
                           const nlohmann::ordered_json& metadata,
                           const MetadataUpdateOptions& options, std::stop_token stop) {
  UploadOptions upload = options.upload;
  if (!upload.commit_message) upload.commit_message = "Update metadata with torchhub";
  return edit_card(
      client, repo,
      [&](ModelCard& card) { update_metadata(card, metadata, options.on_conflict, repo.id.str()); },
      upload, std::move(stop));
}

std::optional<std::string> license_of(const HubClient& client, const std::string& model_id,
                                      std::stop_token stop) {
  try {
    const RepoInfo info = client.repo_info({.id = RepoId::parse(model_id)},
                                           std::string(kDefaultRevision), std::move(stop));
    std::optional<std::string> license;
    for (const std::string& tag : info.tags) {
      if (tag.starts_with(kLicenseTag)) license = tag.substr(kLicenseTag.size());
    }
    return license;
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    log::info("card_license_unknown", {{"model", model_id}, {"reason", error.what()}});
    return std::nullopt;
  }
}

}  // namespace torchhub
