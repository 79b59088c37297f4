#include "server/api/repo_description.h"

#include "server/api/card_summary.h"
#include "server/api/json_body.h"
#include "server/api/parameter_counts.h"
#include "server/http/api_error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// Names that clients may ask for by `expand` (huggingface_hub hf_api.py); most have no value here.
constexpr std::array<std::string_view, 45> kExpandable = {"author",
                                                          "baseModels",
                                                          "cardData",
                                                          "childrenModelCount",
                                                          "citation",
                                                          "config",
                                                          "createdAt",
                                                          "datasets",
                                                          "description",
                                                          "disabled",
                                                          "downloads",
                                                          "downloadsAllTime",
                                                          "evalResults",
                                                          "gated",
                                                          "gguf",
                                                          "host",
                                                          "inference",
                                                          "inferenceProviderMapping",
                                                          "lastModified",
                                                          "library_name",
                                                          "likes",
                                                          "mainSize",
                                                          "mask_token",
                                                          "model-index",
                                                          "models",
                                                          "paperswithcode_id",
                                                          "pipeline_tag",
                                                          "private",
                                                          "region",
                                                          "resourceGroup",
                                                          "runtime",
                                                          "safetensors",
                                                          "sdk",
                                                          "sha",
                                                          "siblings",
                                                          "spaces",
                                                          "subdomain",
                                                          "tags",
                                                          "transformersInfo",
                                                          "trendingScore",
                                                          "usedStorage",
                                                          "widgetData",
                                                          "xetEnabled",
                                                          "securityRepoStatus",
                                                          "kernels"};

json describe_lfs(const git::Entry& entry, const char* id_name) {
  return {{id_name, entry.lfs->oid}, {"size", entry.lfs->size}, {"pointerSize", entry.blob_size}};
}

json siblings(const git::Repository& git, const std::string& commit, bool blobs) {
  json out = json::array();
  git.walk(commit, "", true, [&](const git::Entry& entry) {
    if (entry.is_folder) return true;
    json item{{"rfilename", entry.path}};
    if (blobs) {
      item["size"] = entry.size;
      item["blobId"] = entry.oid;
      if (entry.lfs) item["lfs"] = describe_lfs(entry, "sha256");
    }
    out.push_back(std::move(item));
    return true;
  });
  return out;
}

std::uint64_t used_bytes(const HubState& hub, const RepoRow& repo) {
  std::uint64_t total = 0;
  for (const LfsPointer& object : hub.repos.objects(repo.id)) total += object.size;
  return total;
}

bool is_list_of_texts(const json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_string(); });
}

/// The two keys of config.json that clients sort models by, or null. Whatever a stranger put there,
/// only what clients expect goes out.
json brief_config(const git::Repository& git, const std::string& commit) {
  constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{1} << 20;
  const auto text = git.file(commit, "config.json", kMaxConfigBytes);
  if (!text) return nullptr;
  json out = json::object();
  const auto config = find_json_object(*text);
  if (!config) return out;
  const auto type = config->find("model_type");
  if (type != config->end() && type->is_string()) out["model_type"] = *type;
  const auto architectures = config->find("architectures");
  if (architectures != config->end() && is_list_of_texts(*architectures)) {
    out["architectures"] = *architectures;
  }
  return out;
}

void keep_only(json& info, const std::set<std::string>& wanted) {
  for (const std::string& name : wanted) {
    if (std::find(kExpandable.begin(), kExpandable.end(), name) == kExpandable.end()) {
      throw ApiError(400, fmt::format("'{}' is not a field that 'expand' knows.", name));
    }
  }
  json kept{{"_id", info["_id"]}, {"id", info["id"]}};
  for (const std::string& name : wanted) {
    if (info.contains(name)) kept[name] = info[name];
  }
  if (wanted.contains("xetEnabled")) kept["xetEnabled"] = false;  // then older clients take LFS
  info = std::move(kept);
}

}  // namespace

json describe_briefly(const RepoRow& repo) {
  json out{{"_id", repo.id},
           {"id", repo.full_name()},
           {"author", repo.owner},
           {"private", repo.private_},
           {"gated", false},
           {"disabled", false},
           {"downloads", 0},
           {"likes", 0},
           {"tags", json::array()},
           {"createdAt", to_rfc3339(repo.created)},
           {"lastModified", to_rfc3339(repo.modified)}};
  if (repo.type == RepoType::model) out["modelId"] = repo.full_name();
  return out;
}

json describe(const HubState& hub, const RepoRow& repo, const git::Repository& git,
              const std::string& commit, const InfoWishes& wishes) {
  json out = describe_briefly(repo);
  out["sha"] = commit;
  out["lastModified"] = to_rfc3339(git.commit_info(commit).time);
  out["usedStorage"] = used_bytes(hub, repo);
  const auto wanted = [&](const char* name) {
    return wishes.expand.empty() || wishes.expand.contains(name);
  };
  if (wanted("siblings")) out["siblings"] = siblings(git, commit, wishes.blobs);
  if (const auto readme = git.file(commit, "README.md", hub.options.max_regular_bytes)) {
    add_card(out, *readme);
  }
  if (repo.type == RepoType::model) {
    out["spaces"] = json::array();
    if (wanted("config")) {
      if (json config = brief_config(git, commit); !config.is_null()) out["config"] = config;
    }
    if (wanted("safetensors")) {
      if (json counts = count_parameters(hub, repo, git, commit); !counts.is_null()) {
        out["safetensors"] = counts;
      }
    }
  }
  if (!wishes.expand.empty()) keep_only(out, wishes.expand);
  return out;
}

json describe(const git::Entry& entry) {
  json out{{"type", entry.is_folder ? "directory" : "file"},
           {"oid", entry.oid},
           {"size", entry.size},
           {"path", entry.path}};
  if (entry.lfs) out["lfs"] = describe_lfs(entry, "oid");
  return out;
}

}  // namespace torchhub::server
