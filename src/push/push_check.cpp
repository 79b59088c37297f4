#include "push/push_check.h"

#include "push/moved_branch.h"
#include "torchhub/push/secrets.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

/// With MovedBranch::fail the commit names its parent, and the Hub refuses it on another.
void require_head(const HubClient& client, const PushJob& job, const PushJournal& journal,
                  const std::string& head, const std::stop_token& stop) {
  const std::string known = journal.last_push().head_of(job);
  if (job.moved_branch != MovedBranch::fail || known.empty() || head == known) return;
  if (only_we_have_moved(client, job, journal, known, head, stop)) return;
  throw BranchMovedError(fmt::format(
      "'{}' cannot be pushed to {} of '{}': its run lets it go on top of commit {} alone, and the "
      "branch is at {}. Push it all the same with --on-top.",
      job.commit_message, job.revision, job.repo.id.str(), known, head));
}

}  // namespace

void keep_what_still_goes(ListedPush& push, const LastPush& last) {
  if (push.entry.empty()) return;  // it will be the newest
  const std::string lane = push.job.lane_key();
  const std::string name = push.entry.filename().string();
  const PathFilter lasting{.allow = push.job.lasting};
  const auto is_needless = [&](const std::string& path) {
    if (last.has_arrived(lane, name)) return true;
    return last.has_overtaken(lane, name) && (push.job.lasting.empty() || !lasting.takes(path));
  };
  std::erase_if(push.files, [&](const FileToPush& file) { return is_needless(file.path); });
  std::erase_if(push.sources, [&](const auto& source) { return is_needless(source.first); });
  if (last.has_overtaken(lane, name)) push.job.replaced = push.job.lasting;
}

void require_may_go(const HubClient& client, const ListedPush& push, const PushJournal& journal,
                    bool on_top, const std::stop_token& stop) {
  const PushJob& job = push.job;
  require_no_secrets(push.sources, client.options().token, stop);
  client.auth_check(job.repo, RepoAccess::write, stop);
  const std::string head = client.repo_info(job.repo, job.revision, stop).sha;
  if (on_top) return;
  const std::string last = journal.last_push().head_of(job);
  require_not_moved(client, job, {.sources = push.sources, .entry = push.entry}, journal,
                    job.refused_since.empty() ? last : job.refused_since, stop);
  require_head(client, job, journal, head, stop);
}

}  // namespace torchhub
