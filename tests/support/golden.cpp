#include "support/golden.h"

#include "torchhub/base/atomic_file.h"

namespace torchhub::testing {

std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(TORCHHUB_GOLDEN_DIR) / name;
}

std::string golden(const std::string& name) { return read_file(golden_path(name)); }

}  // namespace torchhub::testing
