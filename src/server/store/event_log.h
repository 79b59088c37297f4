#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// The kinds of event.
namespace events {
inline constexpr std::string_view kRepoCreated = "repo.created";
inline constexpr std::string_view kRepoDuplicated = "repo.duplicated";
inline constexpr std::string_view kRepoDeleted = "repo.deleted";
inline constexpr std::string_view kRepoRestored = "repo.restored";
inline constexpr std::string_view kRepoMoved = "repo.moved";
inline constexpr std::string_view kRepoSettings = "repo.settings";
inline constexpr std::string_view kCommit = "commit";
inline constexpr std::string_view kPush = "push";
inline constexpr std::string_view kSquash = "squash";
inline constexpr std::string_view kBranchCreated = "branch.created";
inline constexpr std::string_view kBranchDeleted = "branch.deleted";
inline constexpr std::string_view kTagCreated = "tag.created";
inline constexpr std::string_view kTagDeleted = "tag.deleted";
inline constexpr std::string_view kLfsDeleted = "lfs.deleted";
inline constexpr std::string_view kPullRequestOpened = "pull_request.opened";
inline constexpr std::string_view kPullRequestClosed = "pull_request.closed";
inline constexpr std::string_view kPullRequestReopened = "pull_request.reopened";
inline constexpr std::string_view kPullRequestMerged = "pull_request.merged";
inline constexpr std::string_view kAccessDecided = "access.decided";
inline constexpr std::string_view kLockForced = "lock.forced";
inline constexpr std::string_view kTokenCreated = "token.created";
inline constexpr std::string_view kTokenRevoked = "token.revoked";
inline constexpr std::string_view kAccountCreated = "account.created";
inline constexpr std::string_view kAccountChanged = "account.changed";
inline constexpr std::string_view kMemberSet = "member.set";
inline constexpr std::string_view kMemberRemoved = "member.removed";
inline constexpr std::string_view kLinkKeyRotated = "link_key.rotated";
/// An admin of the site did what nobody else in their place could have done.
inline constexpr std::string_view kSiteAdminUse = "site_admin.use";
}  // namespace events

/// Who did what to which repository.
struct Event {
  std::int64_t id = 0;  ///< Later ones have higher ones.
  std::chrono::system_clock::time_point at = {};
  std::string actor = {};  ///< An account's id; empty: a command on the server's machine.
  std::string repo = {};   ///< A repository's id, perhaps of one that is gone; empty: none.
  std::string kind = {};
  std::string details = {};  ///< A JSON object, with the names as they were then.
};

/// An event about to be written.
struct NewEvent {
  NewEvent(std::string_view what, std::string_view who, std::string_view where,
           const nlohmann::json& more);

  std::string_view kind;  ///< Of namespace events.
  std::string actor;      ///< As Event has the rest.
  std::string repo;
  std::string details;
};

/// Writes the event in the transaction that makes it true: no commit waits for the disk once more
/// because somebody keeps a log. Those that are too old by now go. @throws DatabaseError
void write_event(Connection& connection, std::chrono::system_clock::time_point now,
                 const NewEvent& event);

/// Which events somebody wants to see; what is not set leaves none out.
struct EventFilter {
  std::string repo_id = {};    ///< Either this repository,
  std::string repo_name = {};  ///< or one that was called so then: "datasets/ana/reviews".
  std::string user_id = {};    ///< The same of who did it.
  std::string user_name = {};
  std::chrono::system_clock::time_point since = {};
};

/// Events in the database, each for 400 days. Safe from several threads.
class EventLog {
 public:
  static constexpr std::chrono::days kKept{400};

  EventLog(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// On disk when this returns. Where the disk is full the event goes to the program's log instead,
  /// so that reading and deleting go on. @throws DatabaseError
  void note(std::string_view kind, std::string_view actor, std::string_view repo,
            const nlohmann::json& details) const;
  void note(const NewEvent& event) const;
  /// Newest first, those before the event of id `before` if that is not 0.
  std::vector<Event> newest(std::size_t limit, std::int64_t before = 0) const;
  /// Newest first.
  std::vector<Event> find(const EventFilter& filter, std::size_t limit) const;
  /// Those of more than 400 days ago; a hub that writes none has nobody else who does it.
  void drop_old() const;

 private:
  Database& database_;
  const Clock& clock_;
};

}  // namespace torchhub::server
