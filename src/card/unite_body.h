#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// The bodies of CardEdits, section by section; see unite_edits().
std::string united_body(std::string_view ours, std::string_view theirs, std::string_view base);

}  // namespace torchhub::card
