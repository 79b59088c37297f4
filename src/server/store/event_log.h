#pragma once

#include "server/store/database.h"
#include "torchhub/base/clock.h"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
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
inline constexpr std::string_view kRepoDeleted = "repo.deleted";
inline constexpr std::string_view kRepoMoved = "repo.moved";
inline constexpr std::string_view kRepoSettings = "repo.settings";
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

/// Events in the database, each for 400 days. Safe from several threads.
class EventLog {
 public:
  static constexpr std::chrono::days kKept{400};

  EventLog(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// On disk when this returns. Where the disk is full the event goes to the program's log instead,
  /// so that reading and deleting go on. @throws DatabaseError
  void note(std::string_view kind, std::string_view actor, std::string_view repo,
            const nlohmann::json& details) const;
  /// Newest first, those before the event of id `before` if that is not 0.
  std::vector<Event> newest(std::size_t limit, std::int64_t before = 0) const;

 private:
  void write(std::string_view kind, std::string_view actor, std::string_view repo,
             const std::string& details) const;

  Database& database_;
  const Clock& clock_;
  mutable std::atomic<std::int64_t> tidied_on_{0};  ///< The last day on which old events went.
};

}  // namespace torchhub::server
