#pragma once

#include "server/git/repository.h"
#include "torchhub/wire/repo.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace torchhub::server {

/// What a commit's card and configuration say about its repository.
struct HeadSummary {
  nlohmann::json card = nullptr;         ///< The front matter; null if there is none.
  nlohmann::json model_index = nullptr;  ///< Of the card.
  std::vector<std::string> tags = {};    ///< As hub pages show them: each once.
  std::string pipeline_tag = {};
  std::string library = {};
  std::string license = {};
  nlohmann::json config = nullptr;  ///< The keys of config.json that clients sort models by.
};

/// A card that cannot be read counts as none.
HeadSummary summarize(const git::Repository& git, const std::string& commit, RepoType type);

}  // namespace torchhub::server
