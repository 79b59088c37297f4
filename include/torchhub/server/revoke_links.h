#pragma once

#include <filesystem>

namespace torchhub {

/// Whatever links to LFS objects a hub gave out are worthless from the next request on, and so are
/// the tokens of Xet clients: uploads under way by them must be begun anew. The server may run.
/// (Admin::rotate_link_key() leaves them their time.) @throws FileError; Error if this is no data
/// folder
void revoke_links(const std::filesystem::path& data_dir);

}  // namespace torchhub
