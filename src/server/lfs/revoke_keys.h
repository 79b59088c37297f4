#pragma once

#include <filesystem>

namespace torchhub::server {

/// As rotate_link_key() of link_keys.h, but no key of before is left. @throws FileError; then some
/// links may still be good
void revoke_link_keys(const std::filesystem::path& newest);

}  // namespace torchhub::server
