#include "hub/api.h"
#include "hub/json_fields.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

std::vector<GitRef> refs_from(const nlohmann::json& list) {
  std::vector<GitRef> refs;
  for (const nlohmann::json& entry : list) {
    refs.push_back({.name = text_field(entry, "name"),
                    .ref = text_field(entry, "ref"),
                    .target_commit = text_field(entry, "targetCommit")});
  }
  return refs;
}

/// A request whose answer says nothing but yes.
void ask_for(const HubApi& api, std::string method, std::string url, const nlohmann::json& body,
             const RequestContext& context, std::stop_token stop) {
  Request request{.method = std::move(method),
                  .url = std::move(url),
                  .stall_timeout = api.options().stall_timeout,
                  .safe_to_repeat = false};
  if (!body.is_null()) {
    request.headers.set("Content-Type", "application/json");
    request.body = body.dump();
  }
  api.call(std::move(request), context, stop);
}

}  // namespace

GitRefs HubClient::list_repo_refs(const Repo& repo, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const nlohmann::json answer = api.get_json(
      api.api_url(repo, "/refs?include_prs=1"),
      api.context(fmt::format("listing the branches of '{}'", repo.id.str()), repo), stop);
  return {.branches = refs_from(field(answer, "branches")),
          .tags = refs_from(field(answer, "tags")),
          .converts = refs_from(field(answer, "converts")),
          .pull_requests = refs_from(field(answer, "pullRequests"))};
}

std::vector<GitCommit> HubClient::list_repo_commits(const Repo& repo, const std::string& revision,
                                                    std::size_t limit, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  std::string url = api.api_url(repo, "/commits/" + percent_encode(revision));
  if (limit > 0)
    url += query_string({{"limit", std::to_string(std::min<std::size_t>(limit, 100))}});
  std::vector<GitCommit> commits;
  for (const nlohmann::json& entry : api.get_pages(
           url,
           api.context(fmt::format("listing the commits of '{}'", repo.id.str()), repo, revision),
           stop, limit)) {
    GitCommit commit{.id = text_field(entry, "id"),
                     .title = text_field(entry, "title"),
                     .message = text_field(entry, "message"),
                     .date = text_field(entry, "date")};
    for (const nlohmann::json& author : field(entry, "authors")) {
      commit.authors.push_back(text_field(author, "user"));
    }
    commits.push_back(std::move(commit));
  }
  return commits;
}

void HubClient::create_branch(const Repo& repo, const std::string& branch,
                              const CreateBranchOptions& options, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  nlohmann::json body = nlohmann::json::object();
  if (options.revision) body["startingPoint"] = *options.revision;
  try {
    ask_for(api, "POST", api.api_url(repo, "/branch/" + percent_encode(branch)), body,
            api.writing(fmt::format("creating branch '{}' of '{}'", branch, repo.id.str()), repo,
                        options.revision.value_or(std::string(kDefaultRevision))),
            stop);
  } catch (const ConflictError&) {
    if (!options.exist_ok) throw;
  }
}

void HubClient::delete_branch(const Repo& repo, const std::string& branch,
                              std::stop_token stop) const {
  const HubApi& api = impl_->api;
  ask_for(
      api, "DELETE", api.api_url(repo, "/branch/" + percent_encode(branch)), nullptr,
      api.writing(fmt::format("deleting branch '{}' of '{}'", branch, repo.id.str()), repo, branch),
      stop);
}

void HubClient::create_tag(const Repo& repo, const std::string& tag,
                           const CreateTagOptions& options, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  nlohmann::json body{{"tag", tag}};
  if (!options.message.empty()) body["message"] = options.message;
  try {
    ask_for(api, "POST", api.api_url(repo, "/tag/" + percent_encode(options.revision)), body,
            api.writing(fmt::format("creating tag '{}' of '{}'", tag, repo.id.str()), repo,
                        options.revision),
            stop);
  } catch (const ConflictError&) {
    if (!options.exist_ok) throw;
  }
}

void HubClient::super_squash_history(const Repo& repo, const SquashOptions& options,
                                     std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const std::string message = options.commit_message.value_or(
      fmt::format("Super-squash branch '{}' using torchhub", options.branch));
  ask_for(api, "POST", api.api_url(repo, "/super-squash/" + percent_encode(options.branch)),
          {{"message", message}},
          api.writing(fmt::format("squashing branch '{}' of '{}'", options.branch, repo.id.str()),
                      repo, options.branch),
          stop);
}

void HubClient::delete_tag(const Repo& repo, const std::string& tag, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  ask_for(api, "DELETE", api.api_url(repo, "/tag/" + percent_encode(tag)), nullptr,
          api.writing(fmt::format("deleting tag '{}' of '{}'", tag, repo.id.str()), repo, tag),
          stop);
}

}  // namespace torchhub
