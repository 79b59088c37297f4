#pragma once

#include <string_view>

namespace torchhub {

/// The one place of the version: CMakeLists.txt reads it here.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace torchhub
