#pragma once

#include <filesystem>
#include <string>

namespace torchhub::testing {

/// tests/golden/<name>: reference data from the originals; its README says where each came from.
std::filesystem::path golden_path(const std::string& name);
/// Its bytes. Fails the test if it is missing.
std::string golden(const std::string& name);

}  // namespace torchhub::testing
