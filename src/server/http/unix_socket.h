#pragma once

#include <filesystem>

namespace torchhub::server {

/// Listens on a Unix socket at `path`. A file that a killed server left there is replaced; one that
/// somebody answers on, or that is no socket, is not. @return the descriptor
/// @throws ListenError
int listen_on_path(const std::filesystem::path& path);

}  // namespace torchhub::server
