#pragma once

#include "torchhub/server/fsck.h"

namespace torchhub::cli {

/// To standard output. @throws ExitStatus 1 if a problem was found
void print_check(const FsckReport& report, bool json_wanted);

}  // namespace torchhub::cli
