#include "hub/api.h"
#include "hub/json_fields.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

RepoTreeEntry entry_from(const nlohmann::json& entry) {
  const nlohmann::json& lfs = field(entry, "lfs");
  const bool is_folder = text_field(entry, "type") == "directory";
  return {.type = is_folder ? RepoTreeEntry::Type::directory : RepoTreeEntry::Type::file,
          .path = text_field(entry, "path"),
          .size = size_field(lfs, "size").value_or(size_field(entry, "size").value_or(0)),
          .oid = text_field(entry, "oid"),
          .lfs_sha256 = text_field(lfs, "oid")};
}

}  // namespace

std::vector<RepoTreeEntry> HubClient::list_repo_tree(const Repo& repo, const std::string& revision,
                                                     const std::string& path, bool recursive,
                                                     std::stop_token stop) const {
  const HubApi& api = impl_->api;
  std::string url = api.api_url(repo, "/tree/" + percent_encode(revision));
  if (!path.empty()) url += "/" + percent_encode(path);
  url += query_string({{"recursive", recursive ? "true" : "false"}});
  std::vector<RepoTreeEntry> entries;
  for (const nlohmann::json& entry :
       api.get_pages(url,
                     api.context(fmt::format("listing the files of '{}'", repo.id.str()), repo,
                                 revision, path),
                     stop)) {
    entries.push_back(entry_from(entry));
  }
  return entries;
}

bool HubClient::file_exists(const Repo& repo, const std::string& path, const std::string& revision,
                            std::stop_token stop) const {
  const HubApi& api = impl_->api;
  try {
    api.call({.method = "HEAD",
              .url = api.resolve_url_of(repo, revision, path),
              .stall_timeout = api.options().stall_timeout},
             api.context(fmt::format("looking for '{}' in '{}'", path, repo.id.str()), repo,
                         revision, path),
             stop);
    return true;
  } catch (const GatedRepoError&) {
    throw;
  } catch (const RepositoryNotFoundError&) {
    return false;
  } catch (const RevisionNotFoundError&) {
    return false;
  } catch (const RemoteEntryNotFoundError&) {
    return false;
  }
}

}  // namespace torchhub
