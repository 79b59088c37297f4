#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <optional>
#include <string>

/// What `torchhub push resume` and its dry run do and say alike.
namespace torchhub::cli {

/// "Training in progress, step 5 -> demo/net (main)"
std::string title_of(const PushJob& job);

/// Why the push does not go to this Hub; nothing if it does.
std::optional<std::string> refused_at(const HubOptions& hub, const PushJob& job);

/// Where saves go, with another limit of their size. @param max_size empty: the run's own
/// @throws InvalidArgumentError
std::optional<PushTarget> target_allowing(const PushJournal& journal, const std::string& max_size);

/// @return is there none?
bool tell_of_refused_save(const PushJournal& journal, const std::optional<PushTarget>& target);

/// Lists what would go, where to, and what would be in its way. Writes nothing.
/// @return would all of it go?
bool list_left_pushes(const HubClient& client, const PushJournal& journal,
                      const std::optional<PushTarget>& target, bool on_top);

}  // namespace torchhub::cli
