#include "base/read_if_there.h"

#include "torchhub/base/atomic_file.h"

namespace torchhub {

std::optional<std::string> read_file_if_there(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  return read_file(path);
}

}  // namespace torchhub
