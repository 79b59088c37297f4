#include "server/repos/repo_event.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {

using nlohmann::json;

NewEvent repo_event(std::string_view kind, const Account& by, const RepoRow& repo,
                    const json& more) {
  json details{{"repo", repo.repo().web_path()}};
  // Nobody: a command on the server's machine.
  if (!by.name.empty()) details["actor"] = by.name;
  details.update(more);
  return {kind, by.id, repo.id, details};
}

NewEvent repo_event(std::string_view kind, const Account& by, const RepoRow& repo) {
  return repo_event(kind, by, repo, json::object());
}

NewEvent ref_event(std::string_view kind, const Account& by, const RepoRow& repo,
                   const std::string& ref, const std::string& commit) {
  return repo_event(kind, by, repo, {{"ref", ref}, {"commit", commit}});
}

}  // namespace torchhub::server
