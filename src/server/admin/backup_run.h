#pragma once

#include "server/admin/admin_hub.h"
#include "server/admin/file_copier.h"

#include <filesystem>
#include <string>

namespace torchhub::server {

/// One repository, in two steps, so that an older copy in the target stays whole until all new
/// objects, LFS objects and rows are there.
///
/// The first notes the refs and then copies objects: whatever those refs lead to was written before
/// them, so it is among the objects. @return false if the repository is gone
bool copy_repository(const AdminHub& hub, FileCopier& copier, const std::filesystem::path& to,
                     const std::string& id);
/// The second lets the noted refs count. @param name of its folder below `to`
/// @param label what the copy's database knows of it
void finish_repository(FileCopier& copier, const std::filesystem::path& to,
                       const std::filesystem::path& name, const std::string& label);

}  // namespace torchhub::server
