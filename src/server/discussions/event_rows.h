#pragma once

#include "server/discussions/discussion.h"
#include "server/store/database.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Rows of events, for use inside a transaction of the DiscussionStore.
namespace torchhub::server::event_rows {

struct NewEvent {
  std::string repo_id;
  std::int64_t num = 0;
  std::string author = {};  ///< Account id; empty for nobody.
  TimePoint time = {};
};

/// @return the event's id
std::string add_comment(Connection& connection, const NewEvent& event, const std::string& text);
/// An event of any other type. @return its id
std::string add(Connection& connection, const NewEvent& event, std::string_view type,
                const nlohmann::json& data);
/// @throws ApiError 409 if the discussion is full
void need_room(Connection& connection, const std::string& repo_id, std::int64_t num,
               std::size_t more_bytes);
std::int64_t count(Connection& connection, const std::string& repo_id, std::int64_t num);

std::vector<DiscussionEvent> all(Connection& connection, const std::string& repo_id,
                                 std::int64_t num);
std::optional<DiscussionEvent> find(Connection& connection, const std::string& repo_id,
                                    std::int64_t num, std::string_view id);

}  // namespace torchhub::server::event_rows
