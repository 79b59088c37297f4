#pragma once

#include "server/git/handles.h"

#include <filesystem>

namespace torchhub::server::git {

/// Writes an object into a new file as git keeps one of its own: deflated, behind its type and
/// size.
/// @throws DiskFullError, FileError
void write_loose_object(const std::filesystem::path& file, git_odb_object& object);

}  // namespace torchhub::server::git
