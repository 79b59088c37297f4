#include "torchhub/server/revoke_links.h"

#include "server/admin/admin_hub.h"
#include "server/lfs/link_keys.h"

namespace torchhub {

void revoke_links(const std::filesystem::path& data_dir) {
  server::need_data_folder(data_dir);
  server::revoke_link_keys(server::DataFolder(data_dir).link_key());
}

}  // namespace torchhub
