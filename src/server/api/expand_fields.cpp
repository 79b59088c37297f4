#include "server/api/expand_fields.h"

#include "server/http/api_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace torchhub::server {
namespace {

using Names = std::span<const std::string_view>;

// What huggingface_hub's hf_api.py names for each type; most have no value here.
constexpr std::string_view kModelFields[] = {"author",
                                             "baseModels",
                                             "cardData",
                                             "childrenModelCount",
                                             "config",
                                             "createdAt",
                                             "disabled",
                                             "downloads",
                                             "downloadsAllTime",
                                             "evalResults",
                                             "gated",
                                             "gguf",
                                             "inference",
                                             "inferenceProviderMapping",
                                             "lastModified",
                                             "library_name",
                                             "likes",
                                             "mask_token",
                                             "model-index",
                                             "pipeline_tag",
                                             "private",
                                             "resourceGroup",
                                             "safetensors",
                                             "sha",
                                             "siblings",
                                             "spaces",
                                             "tags",
                                             "transformersInfo",
                                             "trendingScore",
                                             "usedStorage",
                                             "widgetData"};
constexpr std::string_view kDatasetFields[] = {"author",
                                               "cardData",
                                               "citation",
                                               "createdAt",
                                               "description",
                                               "disabled",
                                               "downloads",
                                               "downloadsAllTime",
                                               "gated",
                                               "lastModified",
                                               "likes",
                                               "mainSize",
                                               "paperswithcode_id",
                                               "private",
                                               "resourceGroup",
                                               "sha",
                                               "siblings",
                                               "tags",
                                               "trendingScore",
                                               "usedStorage"};
constexpr std::string_view kSpaceFields[] = {
    "author",   "cardData",  "createdAt", "datasets",      "disabled",   "lastModified", "likes",
    "models",   "private",   "region",    "resourceGroup", "runtime",    "sdk",          "sha",
    "siblings", "subdomain", "tags",      "trendingScore", "usedStorage"};
/// Taken, and named nowhere.
constexpr std::string_view kOtherFields[] = {"host", "kernels", "securityRepoStatus", "xetEnabled"};

Names fields_of(RepoType type) {
  if (type == RepoType::model) return kModelFields;
  return type == RepoType::dataset ? Names(kDatasetFields) : Names(kSpaceFields);
}

bool is_known(const std::string& name) {
  const std::array<Names, 4> all = {kModelFields, kDatasetFields, kSpaceFields, kOtherFields};
  return std::any_of(all.begin(), all.end(), [&](Names names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

}  // namespace

void check_expand(const std::set<std::string>& expand, RepoType type) {
  for (const std::string& name : expand) {
    if (is_known(name)) continue;
    // The words up to the list are those that clients look for.
    throw ApiError(400, fmt::format("'{}' is no field of a {}: expected one of \"{}\"", name,
                                    to_string(type), fmt::join(fields_of(type), "\"|\"")));
  }
}

}  // namespace torchhub::server
