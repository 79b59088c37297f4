#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// By ending, from a short list. What a browser could run (HTML, SVG, XML) is plain text here.
std::string content_type_of(std::string_view path);

}  // namespace torchhub::server
