#include "server/discussions/pull_request.h"

#include "server/discussions/merge.h"
#include "server/git/ancestry.h"
#include "server/http/api_error.h"
#include "server/repos/head_cache.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "torchhub/base/log.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>

namespace torchhub::server {
namespace {

constexpr int kTries = 5;
constexpr auto kMaxCommits = static_cast<std::size_t>(kMaxDiscussionEvents);

std::vector<PushedCommit> told(const std::vector<git::CommitInfo>& commits) {
  std::vector<PushedCommit> out;
  out.reserve(commits.size());
  for (const git::CommitInfo& commit : commits) out.push_back({commit.id, commit.title});
  return out;
}

/// One more than any number that a ref has. Refs without a row come from copies of other hubs.
std::int64_t number_after_refs(const git::Repository& git) {
  std::int64_t highest = 0;
  for (const git::Ref& ref : git.refs()) {
    highest = std::max(highest, pull_request_number(ref.name).value_or(0));
  }
  return highest + 1;
}

/// Nobody has seen it yet. A ref that is not where this one was to be belongs to somebody else.
/// What cannot be taken back now, the next start takes back.
void take_back(HubState& hub, const git::Repository& repository, const Discussion& request) {
  try {
    git::Repository git = repository.reopened();
    if (git.ref_target(request.ref()) == request.head) git.delete_ref(request.ref());
    hub.discussions.forget(request.repo_id, request.num);
  } catch (const std::exception& error) {
    log::warning(
        "pull_request_left_half_made",
        {{"repository", request.repo_id}, {"ref", request.ref()}, {"error", error.what()}});
  }
}

}  // namespace

std::int64_t open_pull_request(HubState& hub, const RepoRow& repo, const NewPullRequest& wanted,
                               const Account& author) {
  const auto hold = hold_repository(hub, repo);
  git::Repository git = hub.open(repo);
  const auto commits = told(git::commits_since(git, wanted.head, {wanted.start}, kMaxCommits));
  std::int64_t least = 1;
  for (int attempt = 0; attempt < kTries; ++attempt, least = number_after_refs(git)) {
    Discussion request{repo.id, hub.discussions.reserve(repo.id, wanted, author.id, least)};
    request.head = wanted.head;
    hub.faults.reach("pr.reserved");
    try {
      const auto turn = hub.queue.wait(repo.id, request.ref());
      if (!git.move_ref(request.ref(), "", wanted.head, "pull request (API)")) {
        hub.discussions.forget(repo.id, request.num);
        continue;
      }
      hub.faults.reach("pr.ref_made");
      hub.discussions.publish(repo.id, request.num, wanted, author.id, commits);
    } catch (const std::exception&) {
      take_back(hub, git, request);
      throw;
    }
    note_change(hub, repo,
                repo_event(events::kPullRequestOpened, author, repo, {{"num", request.num}}));
    return request.num;
  }
  throw ApiError(503, "Another program keeps making pull requests here. Try again.", {},
                 {{"Retry-After", "1"}});
}

namespace {

/// @throws DatabaseError, GitError
Discussion tell_commits(HubState& hub, const RepoRow& repo, const Discussion& request,
                        const std::string& pusher) {
  const git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(request.ref());
  if (!tip || *tip == request.head) return request;
  std::vector<std::string> known = {request.head};
  // What a merge of the base branch brought along is not the pull request's own.
  if (const auto base = git.ref_target(request.base)) known.push_back(*base);
  const auto commits = git::commits_since(git, *tip, known, kMaxCommits);
  std::string author = pusher;
  if (author.empty() && !commits.empty()) {
    const auto account = hub.accounts.find(commits.back().author);
    author = account && !account->is_organization ? account->id : "";
  }
  hub.discussions.add_commits(request, told(commits), *tip, author);
  return hub.discussions.find(repo.id, request.num).value_or(request);
}

/// The ref has moved all the same; whoever looks at the pull request next makes up for it.
void warn(const RepoRow& repo, const std::string& ref, const std::exception& error) {
  log::warning("commits_not_noted",
               {{"repository", repo.id}, {"ref", ref}, {"error", error.what()}});
}

}  // namespace

Discussion note_commits(HubState& hub, const RepoRow& repo, const Discussion& request,
                        const std::string& pusher) {
  try {
    return tell_commits(hub, repo, request, pusher);
  } catch (const std::exception& error) {
    warn(repo, request.ref(), error);
    return request;
  }
}

void note_commits(HubState& hub, const RepoRow& repo, const std::string& ref,
                  const std::string& pusher) {
  const auto num = pull_request_number(ref);
  if (!num) return;
  try {
    const auto request = hub.discussions.find(repo.id, *num);
    if (request && request->is_pull_request) tell_commits(hub, repo, *request, pusher);
  } catch (const std::exception& error) {
    warn(repo, ref, error);
  }
}

void need_open_request(const HubState& hub, const std::string& repo_id, const std::string& ref) {
  if (!ref.starts_with("refs/pr/")) return;
  const auto num = pull_request_number(ref);
  const auto request = num ? hub.discussions.find(repo_id, *num) : std::nullopt;
  if (!request || !request->is_pull_request) {
    throw ApiError(404, "Invalid rev id: " + ref, error_codes::kRevisionNotFound);
  }
  if (request->status == DiscussionStatus::open || request->status == DiscussionStatus::draft) {
    return;
  }
  throw ApiError(
      403, fmt::format("{} is {}; it takes no more commits.{}", request->called(),
                       to_string(request->status),
                       request->status == DiscussionStatus::closed ? " Reopen it first." : ""));
}

void finish_pull_requests(HubState& hub) {
  const auto repository = [&hub](const Discussion& request) {
    return git::Repository(hub.folder.repository(request.repo_id), hub.folder.git_config(),
                           hub.options.durability);
  };
  for (const Discussion& request : hub.discussions.half_made()) {
    try {
      take_back(hub, repository(request), request);
    } catch (const git::GitError& error) {
      log::warning("pull_request_left_half_made",
                   {{"repository", request.repo_id}, {"error", error.what()}});
    }
  }
  for (const Discussion& request : hub.discussions.half_merged()) {
    try {
      settle_merge(hub, repository(request), request);
    } catch (const git::GitError& error) {
      log::warning("merge_left_half_way",
                   {{"repository", request.repo_id}, {"error", error.what()}});
    }
  }
}

}  // namespace torchhub::server
