#pragma once

#include "torchhub/push/journal.h"

#include <string>
#include <string_view>

/// Jobs and what else is kept, as they lie in the journal.
namespace torchhub {

std::string to_json_text(const PushJob& job);
/// All but the snapshot. @throws Error if it is not what to_json_text() wrote
PushJob push_job_of(std::string_view text);

std::string to_json_text(const LastPush& last);
/// @throws Error likewise
LastPush last_push_of(std::string_view text);

std::string to_json_text(const PushTarget& target);
/// @throws Error likewise
PushTarget push_target_of(std::string_view text);

}  // namespace torchhub
