#pragma once

#include "torchhub/base/error.h"
#include "torchhub/base/glob.h"
#include "torchhub/card/merge.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/new_card.h"
#include "torchhub/push/push_plan.h"
#include "torchhub/push/pushable_files.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// The git tag that a push was to set stands at another commit already. The message says whether
/// anything was pushed.
class TagTakenError : public InvalidArgumentError {
 public:
  using InvalidArgumentError::InvalidArgumentError;
};

struct PushFolderOptions {
  /// `name` or `owner/name`, made if missing. Empty: the folder's name.
  std::string repo_id = {};
  /// The owner, where repo_id names none. Unset: the token's account.
  std::optional<std::string> organization = std::nullopt;
  std::optional<bool> private_ = std::nullopt;  ///< Unset: the owner's default. Of a new one only.
  /// Branch, made if missing, or `refs/pr/N`. Unset: main.
  std::optional<std::string> revision = std::nullopt;
  std::optional<std::string> commit_message = std::nullopt;  ///< Unset: upload_message().
  std::string commit_description = {};
  /// On a new pull request to a repository that is there; needs no right to write.
  bool create_pr = false;
  std::vector<std::string> tags = {};  ///< Of the card, which gets those that it lacks.
  /// A git tag for the new commit. Not with create_pr.
  std::optional<std::string> tag = std::nullopt;
  /// Which README.md goes where the branch and the folder each have one: `keep` that of the branch,
  /// `overwrite` it with the folder's, or `merge`.
  CardMode card_mode = CardMode::keep;
  /// Makes README.md where there is none. Unset: short_card().
  std::function<std::string(const NewCard&)> make_card = {};
  std::string library_name = "torchhub";  ///< For a new card.
  /// Paths in the folder. Without README.md the card on the branch is left alone.
  PathFilter filter = {.ignore = {"_*", "checkpoint-*"}};
  /// More is refused before anything travels. Unset: no limit.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
  /// Files that are still as here stay out; README.md does not. See pushable_files().
  FileStamps unless_as = {};
  TransferProgressFn progress = {};
};

/// What push_folder() would do. Asks no Hub, writes nothing.
/// @throws InvalidArgumentError that lists every problem, PushTooLargeError, FileError
PushPlan plan_push(const std::filesystem::path& folder, const PushFolderOptions& options = {});

/// Pushes a saved folder as one commit: makes the repository (not for a pull request:
/// RepositoryNotFoundError) and the branch if they are missing, adds the tags to the
/// card of that branch, and where the folder brings weights removes older ones. Blocks. Leave the
/// folder alone meanwhile.
/// @throws what plan_push throws; SecretFoundError before any request; ModelCardError if the
/// folder's README.md cannot be read; TagTakenError; what HubClient::create_repo, create_branch,
/// create_commit and create_tag throw
CommitInfo push_folder(const HubClient& client, const std::filesystem::path& folder,
                       const PushFolderOptions& options = {}, std::stop_token stop = {});

/// Python's message for an object of this class: "Upload model" for BertModel, "Upload config" for
/// BertConfig, ...; "Upload <class_name>" for others; empty: "Upload folder using torchhub".
std::string upload_message(std::string_view class_name = {});

}  // namespace torchhub
