#include "support/temp_dir.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

namespace torchhub::testing {

TempDir::TempDir()
    : path_(std::filesystem::temp_directory_path() / ("torchhub-test-" + random_hex(8))) {
  make_folders(path_);
}

TempDir::~TempDir() {
  std::error_code ignored;  // a test may have removed it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace torchhub::testing
