#pragma once

#include "torchhub/hub/commit.h"
#include "torchhub/hub/options.h"
#include "torchhub/push/new_card.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// What push_to_hub() of models and configs accepts. See PushFolderOptions, which says more.
struct PushObjectOptions {
  std::optional<HubOptions> hub = std::nullopt;  ///< Unset: HubOptions::from_environment().
  std::optional<std::string> organization = std::nullopt;  ///< Owner, where the id has none.
  std::optional<bool> private_ = std::nullopt;             ///< Of a new repository.
  std::optional<std::string> revision = std::nullopt;      ///< Branch, made if missing.
  /// Unset: by the class name, "Upload model", "Upload config".
  std::optional<std::string> commit_message = std::nullopt;
  std::string commit_description = {};
  bool create_pr = false;              ///< On a new pull request to a repository that is there.
  std::vector<std::string> tags = {};  ///< Of the card, besides the model's own.
  std::optional<std::string> tag = std::nullopt;          ///< A git tag for the commit.
  std::optional<std::uint64_t> max_bytes = std::nullopt;  ///< More is refused. Unset: no limit.
  /// Makes README.md where the branch has none. Unset: the Hub's long template, filled with what
  /// the object knows.
  std::function<std::string(const NewCard&)> make_card = {};
  std::string library_name = "torchhub";          ///< For a new card.
  std::uint64_t max_shard_size = 50'000'000'000;  ///< Bytes of one weight file; of a model. > 0.
  TransferProgressFn progress = {};
};

}  // namespace torchhub
