#pragma once

#include "torchhub/wire/repo.h"

#include <string>

namespace torchhub::server::git {

/// .gitattributes of a new repository: which endings go to LFS.
std::string default_attributes(RepoType type);

}  // namespace torchhub::server::git
