#include "server/api/repo_description.h"

#include "server/api/expand_fields.h"
#include "server/api/space_words.h"
#include "server/api/transformers_info.h"
#include "server/git/tree_walk.h"
#include "server/repos/head_summary.h"
#include "server/repos/parameter_counts.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

using nlohmann::json;

json describe_lfs(const git::Entry& entry, const char* id_name) {
  return {{id_name, entry.lfs->oid}, {"size", entry.lfs->size}, {"pointerSize", entry.blob_size}};
}

json siblings_with_sizes(const git::Repository& git, const std::string& commit) {
  json out = json::array();
  git::walk_tree(git, commit, {.recursive = true}, [&](const git::Entry& entry) {
    if (entry.is_folder) return true;
    json item{{"rfilename", entry.path}, {"size", entry.size}, {"blobId", entry.oid}};
    if (entry.lfs) item["lfs"] = describe_lfs(entry, "sha256");
    out.push_back(std::move(item));
    return true;
  });
  return out;
}

void add_summary(json& info, const HeadSummary& summary) {
  info["tags"] = summary.tags;
  if (!summary.card.is_null()) info["cardData"] = summary.card;
  if (!summary.model_index.is_null()) info["model-index"] = summary.model_index;
  if (!summary.config.is_null()) info["config"] = summary.config;
  if (!summary.pipeline_tag.empty()) info["pipeline_tag"] = summary.pipeline_tag;
  if (!summary.library.empty()) info["library_name"] = summary.library;
}

/// What nobody wants who does not ask for it by name.
void add_rarities(json& info, const RepoRow& repo) {
  info["downloadsAllTime"] = info["downloads"];
  info["trendingScore"] = repo.likes;  // nothing here trends but what is liked
  info["xetEnabled"] = false;          // then older clients take LFS
}

}  // namespace

json describe_gate(const std::string& gated) { return gated.empty() ? json(false) : json(gated); }

json siblings(const git::Repository& git, const std::string& commit) {
  json out = json::array();
  git::walk_names(git, commit, [&](const std::string& path) {
    out.push_back({{"rfilename", path}});
    return true;
  });
  return out;
}

void keep_only(json& info, const std::set<std::string>& expand) {
  json kept{{"_id", info["_id"]}, {"id", info["id"]}};
  for (const std::string& name : expand) {
    if (info.contains(name)) kept[name] = std::move(info[name]);
  }
  info = std::move(kept);
}

json describe_briefly(const HubState& hub, const RepoRow& repo) {
  json out{{"_id", repo.id},
           {"id", repo.full_name()},
           {"author", repo.owner},
           {"private", repo.private_},
           {"gated", describe_gate(repo.gated)},
           {"disabled", repo.disabled},
           {"downloads", repo.downloads + hub.downloads.waiting(repo.id)},
           {"likes", repo.likes},
           {"createdAt", to_rfc3339(repo.created)},
           {"lastModified", to_rfc3339(repo.modified)}};
  if (repo.type == RepoType::model) out["modelId"] = repo.full_name();
  return out;
}

json describe(const HubState& hub, const FoundRepo& found, const ListWishes& wishes) {
  const auto wanted = [&](bool flag, const char* name) {
    return flag || wishes.full || wishes.expand.contains(name);
  };
  json out = describe_briefly(hub, found.repo);
  out["tags"] = json::parse(found.tags, nullptr, false);
  out["trendingScore"] = found.repo.likes;
  if (!found.pipeline_tag.empty()) out["pipeline_tag"] = found.pipeline_tag;
  if (!found.library.empty()) out["library_name"] = found.library;
  if (wanted(false, "sha")) out["sha"] = found.repo.head;
  if (wanted(false, "usedStorage")) out["usedStorage"] = found.used_bytes;
  if (!found.card.empty() && wanted(wishes.card, "cardData")) {
    out["cardData"] = json::parse(found.card, nullptr, false);
  }
  if (!found.config.empty() && wanted(wishes.config, "config")) {
    out["config"] = json::parse(found.config, nullptr, false);
  }
  if (!found.description.empty()) out["description"] = found.description;
  if (found.repo.type == RepoType::space) {
    const json card = json::parse(found.card, nullptr, false);
    add_space_words(out, {found.repo.owner, found.repo.name}, card);
    if (wishes.linked || !wishes.expand.empty()) add_linked_repos(out, card);
  }
  if (found.repo.type == RepoType::model && wanted(false, "spaces")) out["spaces"] = json::array();
  if (wanted(false, "siblings") && !found.repo.head.empty()) {
    out["siblings"] = siblings(hub.open(found.repo), found.repo.head);
  }
  if (wishes.expand.empty()) return out;
  add_rarities(out, found.repo);
  keep_only(out, wishes.expand);
  return out;
}

json describe(const HubState& hub, const RepoRow& repo, const git::Repository& git,
              const std::string& commit, const InfoWishes& wishes) {
  check_expand(wishes.expand, repo.type);
  const auto wanted = [&](const char* name) {
    return wishes.expand.empty() || wishes.expand.contains(name);
  };
  json out = describe_briefly(hub, repo);
  out["sha"] = commit;
  out["lastModified"] = to_rfc3339(git.commit_info(commit).time);
  out["usedStorage"] = hub.repo_objects.used_bytes(repo.id);
  if (wanted("siblings")) {
    out["siblings"] = wishes.blobs ? siblings_with_sizes(git, commit) : siblings(git, commit);
  }
  const HeadSummary summary = summarize(git, commit, repo.type);
  add_summary(out, summary);
  if (const std::string text = hub.repos.description(repo.id); !text.empty()) {
    out["description"] = text;
  }
  if (repo.type == RepoType::space) {
    add_space_words(out, {repo.owner, repo.name}, summary.card);
    add_linked_repos(out, summary.card);
  }
  if (repo.type == RepoType::model) {
    out["spaces"] = json::array();
    if (summary.card.is_object() && summary.card.contains("widget")) {
      out["widgetData"] = summary.card["widget"];
    }
    if (const json loading = transformers_info(git, commit, summary); !loading.is_null()) {
      out["transformersInfo"] = loading;
    }
    if (wanted("safetensors")) {
      if (json counts = count_parameters(hub, repo, git, commit); !counts.is_null()) {
        out["safetensors"] = counts;
      }
    }
  }
  // Nothing here scans files; a client that asks is told so.
  if (wishes.security || wishes.expand.contains("securityRepoStatus")) {
    out["securityRepoStatus"] = {{"scansDone", false}, {"filesWithIssues", json::array()}};
  }
  if (wishes.expand.empty()) return out;
  add_rarities(out, repo);
  keep_only(out, wishes.expand);
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
