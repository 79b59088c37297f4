#pragma once

#include "server/store/data_folder.h"

namespace torchhub::server {

/// An empty database beside repositories would make them nobody's, and hide the loss.
/// @throws Error if there are repositories, but no database
void refuse_lost_database(const DataFolder& folder);

}  // namespace torchhub::server
