// IDX files, gzipped and plain.

#include "support/memory_file.h"
#include "torchhub/base/error.h"
#include "torchhub/data/idx.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static torchhub::testing::MemoryFile file;
  file.set({reinterpret_cast<const char*>(data), size});
  try {
    torchhub::read_idx(file.path());
  } catch (const torchhub::DatasetError&) {
  }
  return 0;
}
