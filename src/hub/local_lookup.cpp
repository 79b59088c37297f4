#include "hub/local_lookup.h"

#include "torchhub/hub/cache.h"

#include <fmt/format.h>

namespace torchhub {

bool may_pass_over(const Error& error) {
  if (dynamic_cast<const ConnectionError*>(&error) != nullptr) return true;
  if (dynamic_cast<const BadAnswerError*>(&error) != nullptr) return true;
  const auto* http = dynamic_cast<const HubHttpError*>(&error);
  return http != nullptr &&
         (http->status() >= 500 || http->status() == 408 || http->status() == 429);
}

bool falls_back_to_cache(const Error& error) {
  if (may_pass_over(error)) return true;
  return dynamic_cast<const RepositoryNotFoundError*>(&error) != nullptr ||
         dynamic_cast<const UnauthorizedError*>(&error) != nullptr ||
         dynamic_cast<const ForbiddenError*>(&error) != nullptr ||
         dynamic_cast<const DisabledRepoError*>(&error) != nullptr;
}

std::string why_not_asked(bool local_files_only) {
  return local_files_only ? "the Hub was not asked: local_files_only is set"
                          : "the Hub was not asked: offline mode is on";
}

std::string could_not_ask(const Error& error) {
  std::string reason = error.what();
  if (reason.ends_with('.')) reason.pop_back();
  return "the Hub could not be asked: " + reason;
}

void raise_not_cached(const HubApi& api, const Repo& repo, const std::string& revision,
                      const std::string& path, std::string_view why) {
  const std::string what = path.empty() ? "No snapshot" : fmt::format("'{}'", path);
  const std::string place = RepoCache(api.options().cache_dir, repo).folder().string();
  throw LocalEntryNotFoundError(
      fmt::format(
          "{} of '{}' ({}) at revision '{}' is {} in the cache at {}, and {}. Go online, or "
          "download it first.",
          what, repo.id.str(), to_string(repo.type), revision, path.empty() ? "complete" : "not",
          place, why),
      path);
}

}  // namespace torchhub
