#pragma once

#include "hub/api.h"

#include <string>
#include <string_view>

namespace torchhub {

/// May the cache answer instead? Yes if the Hub could not be asked or did not let us in; no if it
/// said that the file or the revision does not exist, and not for a stop or a full disk.
bool falls_back_to_cache(const Error& error);

/// The same, but for errors that may be gone in a moment.
bool may_pass_over(const Error& error);

/// "the Hub was not asked: ..." and "the Hub could not be asked: ..."
std::string why_not_asked(bool local_files_only);
std::string could_not_ask(const Error& error);

/// @param path empty for a whole snapshot @param why one of the two above
[[noreturn]] void raise_not_cached(const HubApi& api, const Repo& repo, const std::string& revision,
                                   const std::string& path, std::string_view why);

}  // namespace torchhub
