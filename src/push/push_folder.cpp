#include "torchhub/push/push_folder.h"

#include "push/branch.h"
#include "push/git_tag.h"
#include "push/hub_card.h"
#include "push/root_card.h"
#include "push/root_weights.h"
#include "push/try_again.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/secrets.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 5;  // where others commit at the same moment

/// One call of push_folder().
class FolderPush {
 public:
  FolderPush(const HubClient& client, const fs::path& folder, const PushFolderOptions& options,
             std::stop_token stop)
      : client_(client),
        folder_(folder),
        options_(options),
        stop_(std::move(stop)),
        plan_(plan_push(folder, options)),
        takes_card_(options.filter.takes(kRootCard)) {
    for (const FileToPush& file : plan_.files) paths_.push_back(file.path);
  }

  CommitInfo run() {
    read_own_card();
    require_no_secrets(folder_, paths_, client_.options().token, stop_);
    std::erase(paths_, kRootCard);
    repo_ = options_.create_pr ? repo_for_pull_request() : made_repo();
    std::optional<GitTag> tag;
    if (options_.tag) {
      tag.emplace(client_, repo_, *options_.tag, stop_);
      tag->require_free(plan_.revision);
    }
    CommitInfo info = commit();
    if (tag) tag->set(info.oid);
    return info;
  }

 private:
  void read_own_card() {
    std::error_code error;
    if (!takes_card_ || !fs::is_regular_file(folder_ / kRootCard, error)) return;
    own_card_ = read_file(folder_ / kRootCard);
    try {
      static_cast<void>(ModelCard(*own_card_));
    } catch (ModelCardError& broken) {
      broken.add_context((folder_ / kRootCard).string());
      throw;
    }
    // Unchanged since options_.unless_as, it would not be looked at.
    if (!std::binary_search(paths_.begin(), paths_.end(), kRootCard)) paths_.push_back(kRootCard);
  }

  Repo made_repo() const {
    const RepoUrl made =
        client_.create_repo({.id = RepoId::parse(plan_.repo_id)},
                            {.private_ = options_.private_, .exist_ok = true}, stop_);
    make_branch(client_, made.repo, plan_.revision, stop_);
    return made.repo;
  }

  /// Makes no repository: one for a pull request alone would be empty, and stay so where the Hub
  /// refuses it.
  Repo repo_for_pull_request() const {
    Repo repo{.id = RepoId::parse(plan_.repo_id)};
    if (repo.id.owner.empty()) repo.id.owner = client_.whoami(stop_).name;
    try {
      static_cast<void>(client_.repo_info(repo, plan_.revision, stop_));
    } catch (RepositoryNotFoundError& error) {
      error.add_context(
          "a pull request needs a repository that is there; a push without it makes one");
      throw;
    } catch (const RevisionNotFoundError&) {
      make_branch(client_, repo, plan_.revision, stop_);
    }
    return repo;
  }

  std::string head() const { return client_.repo_info(repo_, plan_.revision, stop_).sha; }

  /// Where the branch has moved, the card there may be another.
  CommitInfo commit() const {
    return again_after<HeadMovedError>(kTries, [&] { return commit_on(head()); });
  }

  CommitInfo commit_on(const std::string& parent) const {
    CommitOptions how{.commit_message = plan_.commit_message,
                      .commit_description = options_.commit_description,
                      .revision = plan_.revision,
                      .create_pr = options_.create_pr,
                      .progress = options_.progress};
    if (!options_.create_pr) how.parent_commit = parent;
    std::vector<CommitOperation> operations = stale_weights(parent);
    for (const std::string& path : paths_) {
      operations.emplace_back(CommitOperationAdd::from_file(path, folder_ / path));
    }
    if (const auto card = card_for(parent)) {
      operations.emplace_back(CommitOperationAdd::from_bytes(kRootCard, *card));
    }
    return client_.create_commit(repo_, operations, how, stop_);
  }

  /// Nothing: the one on the branch stays.
  std::optional<std::string> card_for(const std::string& parent) const {
    if (!takes_card_) return std::nullopt;
    const auto on_hub = card_on_hub(client_, repo_, parent, stop_);
    if (!on_hub) return card_with_tags(own_card_ ? *own_card_ : made_card(), options_.tags);
    try {
      return card_with_tags(own_card_ ? chosen_card(*on_hub) : *on_hub, options_.tags);
    } catch (const ModelCardError& error) {
      log::warning("card_on_hub_not_changed", {{"repo", repo_.id.str()}, {"error", error.what()}});
      return std::nullopt;
    }
  }

  std::string chosen_card(const std::string& on_hub) const {
    if (options_.card_mode == CardMode::keep && on_hub != *own_card_) {
      log::warning("card_of_folder_not_pushed", {{"file", (folder_ / kRootCard).string()},
                                                 {"because", "the repository has one"}});
    }
    return next_card(options_.card_mode, {.fresh = *own_card_, .old = on_hub});
  }

  std::string made_card() const {
    const NewCard card{.model_name = repo_.id.name,
                       .library_name = options_.library_name,
                       .tags = options_.tags,
                       .repo_id = repo_.id.str(),
                       .revision = options_.tag.value_or(
                           plan_.revision == kDefaultRevision ? "" : plan_.revision)};
    return options_.make_card ? options_.make_card(card) : short_card(card);
  }

  /// A loader would take them for part of what is pushed.
  std::vector<CommitOperation> stale_weights(const std::string& parent) const {
    std::vector<CommitOperation> stale;
    const PathFilter weights{.allow = root_weights()};
    const auto is_weights = [&](const std::string& path) { return weights.takes(path); };
    if (std::none_of(paths_.begin(), paths_.end(), is_weights)) return stale;
    for (const RepoTreeEntry& entry : client_.list_repo_tree(repo_, parent, {}, false, stop_)) {
      // One that the folder has, and the filter left out, is not stale.
      std::error_code error;
      if (is_weights(entry.path) && !fs::exists(folder_ / entry.path, error)) {
        stale.emplace_back(CommitOperationDelete{entry.path});
      }
    }
    return stale;
  }

  const HubClient& client_;
  const fs::path& folder_;
  const PushFolderOptions& options_;
  const std::stop_token stop_;
  const PushPlan plan_;
  const bool takes_card_;
  std::vector<std::string> paths_ = {};  ///< Sorted; once the card was read, without it.
  std::optional<std::string> own_card_ = std::nullopt;
  Repo repo_ = {};
};

}  // namespace

CommitInfo push_folder(const HubClient& client, const fs::path& folder,
                       const PushFolderOptions& options, std::stop_token stop) {
  return FolderPush(client, folder, options, std::move(stop)).run();
}

}  // namespace torchhub
