#pragma once

#include "server/repos/repo_store.h"

#include <string>
#include <vector>

namespace torchhub::server {

struct CatalogTag {
  std::string tag;
  std::string group;  ///< "pipeline_tag", "library", "license", "dataset", "base_model", "other".
};

/// Every tag that public repositories of a type have, sorted.
std::vector<CatalogTag> tag_catalog(Database& database, RepoType type);

}  // namespace torchhub::server
