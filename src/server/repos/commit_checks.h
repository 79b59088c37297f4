#pragma once

#include "torchhub/server/options.h"
#include "torchhub/wire/lfs_pointer.h"

#include <string>

/// What holds for the contents of every commit, the first one of a repository included.
namespace torchhub::server {

/// @throws ApiError 422 for a path that cannot be in a repository
void need_good_path(const std::string& path);

/// A file that will lie in git itself.
/// @throws ApiError 400 if it is too large, or a README.md whose metadata cannot be read
void need_good_file(const ServerOptions& options, const std::string& path,
                    const std::string& content);

/// @throws ApiError 400: the repository has no such object
[[noreturn]] void refuse_pointer(const std::string& path, const LfsPointer& pointer);

}  // namespace torchhub::server
