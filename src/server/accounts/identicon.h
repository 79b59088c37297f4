#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// An SVG picture of 96 by 96 pixels, drawn from the name alone; the same for every spelling of it.
std::string identicon(std::string_view name);

}  // namespace torchhub::server
