#pragma once

#include "torchhub/safetensors/header.h"

#include <string>
#include <string_view>

namespace torchhub::safetensors {

/// Reads the JSON text of a header into tensors (in the order of the text) and metadata. Checks
/// kinds, names and nesting; what numbers mean together is for the caller.
/// @throws SafetensorsError
Header read_header_json(std::string_view text, const std::string& source,
                        const HeaderOptions& options);

}  // namespace torchhub::safetensors
