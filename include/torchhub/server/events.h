#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// Who did what to which repository, out of a hub's event log.
struct HubEvent {
  std::int64_t id = 0;  ///< Later ones have higher ones.
  std::chrono::system_clock::time_point at = {};
  std::string actor = {};    ///< A user's name then; empty: a command on the server's machine.
  std::string repo = {};     ///< "ana/bert", "datasets/ana/reviews"; empty: it is of an account.
  std::string kind = {};     ///< "repo.created", "push", "token.revoked" and so on.
  std::string details = {};  ///< A JSON object: all that is known of it.
};

/// Which events; what is not set leaves none out.
struct EventQuery {
  std::string repo = {};  ///< As HubEvent has it: of that repository under any name that it had.
  std::string user = {};  ///< Who did it.
  std::optional<std::chrono::system_clock::time_point> since = std::nullopt;
  std::size_t limit = 100;
};

/// The newest first. A hub keeps them for 400 days; a server may run.
/// @throws DatabaseError, Error if this is no data folder; InvalidArgumentError for a `repo` that
/// can be none
std::vector<HubEvent> hub_events(const std::filesystem::path& data_dir,
                                 const EventQuery& query = {});

}  // namespace torchhub
