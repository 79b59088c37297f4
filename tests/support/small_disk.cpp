#include "support/small_disk.h"

#include <sys/mount.h>

namespace torchhub::testing {

SmallDisk::SmallDisk()
    : mounted_(::mount("none", dir_.path().c_str(), "tmpfs", 0, "size=256k") == 0) {}

SmallDisk::~SmallDisk() {
  if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
}

}  // namespace torchhub::testing
