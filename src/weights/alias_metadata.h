#pragma once

#include <string_view>

namespace torchhub {

/// `__metadata__` key of a name that was not stored, since another has the same bytes:
/// "alias:<dropped name>" -> "<kept name>".
inline constexpr std::string_view kAliasPrefix = "alias:";

}  // namespace torchhub
