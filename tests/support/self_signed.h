#pragma once

#include <filesystem>

namespace torchhub::testing {

/// Writes a fresh certificate for 127.0.0.1 and localhost, signed by itself, and its key, as PEM.
void write_self_signed(const std::filesystem::path& certificate, const std::filesystem::path& key);

}  // namespace torchhub::testing
