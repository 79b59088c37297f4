#pragma once

namespace torchhub::cli {

/// Physical cores that this process may use, at least 1; two threads of one core count once.
int physical_cores();

}  // namespace torchhub::cli
