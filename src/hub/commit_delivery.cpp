#include "hub/commit_delivery.h"

#include "hub/expected_files.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

/// Hubs drop blanks and line ends around a commit's texts.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

bool head_moved(const HubHttpError& error) {
  return error.status() == 412 || error.status() == 409;
}

bool may_pass(const HubHttpError& error) {
  return error.status() >= 500 || error.status() == 408 || error.status() == 429;
}

}  // namespace

CommitDelivery::CommitDelivery(const HubClient& client, const HubApi& api, const Repo& repo,
                               const CommitOptions& options, const CommitRequest& request,
                               std::stop_token stop)
    : client_(client),
      api_(api),
      repo_(repo),
      options_(options),
      request_(request),
      stop_(std::move(stop)) {}

CommitInfo CommitDelivery::send(std::string before) {
  const RetryPolicy& policy = api_.options().retry;
  std::optional<std::string> parent = options_.parent_commit;
  bool in_doubt = false;
  for (int attempt = 0;; ++attempt) {
    const bool last = attempt >= policy.max_retries;
    std::chrono::milliseconds wait = own_wait(attempt);
    try {
      return request_.send(parent, stop_);
    } catch (const ConnectionError& error) {
      if (last) throw;
      note_doubt(error);
      in_doubt = true;
    } catch (const HubHttpError& error) {
      const bool moved = head_moved(error);
      if (moved && in_doubt) {
        if (auto made = look(before).ours) return *std::move(made);
      }
      if (last || (moved ? options_.parent_commit.has_value() : !may_pass(error))) throw;
      wait = error.retry_after().value_or(wait);
      if (wait > policy.longest_asked_wait) throw;
      if (!moved && error.status() != 429) {  // those two were refused for certain
        note_doubt(error);
        in_doubt = true;
      }
    }
    pause(wait);
    if (!in_doubt) continue;
    Sight seen = look(before);
    if (seen.ours) return *std::move(seen.ours);
    if (!options_.parent_commit && !seen.head.empty()) parent = seen.head;
    before = std::move(seen.head);
  }
}

/// The commits after `before`, newest first.
CommitDelivery::Sight CommitDelivery::look(const std::string& before) const {
  constexpr std::size_t kMostToLookAt = 50;
  const std::vector<GitCommit> commits =
      client_.list_repo_commits(repo_, options_.revision, kMostToLookAt, stop_);
  Sight sight{.head = commits.empty() ? before : commits.front().id};
  for (const GitCommit& commit : commits) {
    if (commit.id == before) break;
    if (!is_ours(commit)) continue;
    log::info("commit_found", {{"repo", repo_.id.str()}, {"commit", commit.id}});
    sight.ours = info_of(commit);
    break;
  }
  return sight;
}

/// Several runs may push under the same title ("Training in progress, step 500"), so the files
/// decide.
bool CommitDelivery::is_ours(const GitCommit& commit) const {
  return trimmed(commit.title) == trimmed(options_.commit_message) &&
         trimmed(commit.message) == trimmed(options_.commit_description) &&
         tree_has(api_, repo_, commit.id, files_after(request_.lines()), stop_);
}

CommitInfo CommitDelivery::info_of(const GitCommit& commit) const {
  return {.oid = commit.id,
          .commit_url = api_.web_url(repo_, "/commit/" + commit.id),
          .commit_message = options_.commit_message,
          .commit_description = options_.commit_description};
}

void CommitDelivery::note_doubt(const Error& error) const {
  log::warning("commit_in_doubt", {{"repo", repo_.id.str()}, {"error", error.what()}});
}

std::chrono::milliseconds CommitDelivery::own_wait(int attempt) const {
  const RetryPolicy& policy = api_.options().retry;
  const auto doubled = policy.first_wait * (std::int64_t{1} << std::min(attempt, 30));
  return std::min<std::chrono::milliseconds>(doubled, policy.longest_wait);
}

void CommitDelivery::pause(std::chrono::milliseconds wait) const {
  if (api_.options().clock->sleep_for(wait, stop_)) return;
  throw CancelledError(
      fmt::format("Cancelled while committing to '{}'; the commit may or may not have been made.",
                  repo_.id.str()));
}

}  // namespace torchhub
