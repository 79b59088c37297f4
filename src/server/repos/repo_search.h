#pragma once

#include "server/repos/repo_store.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {

enum class RepoOrder { last_modified, created, downloads, likes, parameters, id };

/// Where a page ends: the next begins behind it, whatever is added or removed meanwhile.
struct SearchPlace {
  std::string key;  ///< Of the order: a number, or a name.
  std::string id;

  bool operator==(const SearchPlace&) const = default;
};

/// Both ends included.
struct ParameterRange {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// Which repositories a list has. All that is said must hold.
struct RepoQuery {
  RepoType type = RepoType::model;
  std::string author = {};               ///< Owner; empty for all.
  std::vector<std::string> search = {};  ///< Each must be in the id, case aside.
  std::vector<std::string> tags = {};    ///< Each must be among its tags.
  std::optional<bool> gated = std::nullopt;
  std::string pipeline_tag = {};
  std::string library = {};
  /// How many parameters; those whose number nobody knows are in no range.
  std::optional<ParameterRange> parameters = std::nullopt;
  std::vector<std::string> card_models = {};    ///< Each must be among the card's `models`.
  std::vector<std::string> card_datasets = {};  ///< Each must be among the card's `datasets`.
  bool linked = false;                          ///< The card must name a model or a dataset.

  RepoOrder order = RepoOrder::last_modified;
  bool ascending = false;
  std::size_t limit = 1000;
  std::optional<SearchPlace> after = std::nullopt;
  bool with_card = false;  ///< Fill in card and config.

  /// Who asks, by account id: public ones, and those of owners that this one is or is a member of.
  std::string viewer = {};
  bool sees_all = false;
};

struct FoundRepo {
  RepoRow repo;
  std::string pipeline_tag = {};
  std::string library = {};
  std::string description = {};
  std::int64_t used_bytes = 0;
  std::string tags = "[]";  ///< A JSON list.
  std::string card = {};    ///< JSON; empty if there is none, or it was not asked for.
  std::string config = {};  ///< The same.
};

std::vector<FoundRepo> search_repos(Database& database, const RepoQuery& query);

/// Of the last repository of a page.
SearchPlace place_of(const FoundRepo& found, RepoOrder order);

}  // namespace torchhub::server
