#include "push/fingerprints.h"

#include "push/files_below.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kEnd = 1 << 16;  // bytes at each end of a file

void add_part(Digest& digest, std::ifstream& file, std::uintmax_t from, std::uintmax_t bytes) {
  std::string part(bytes, '\0');
  file.seekg(static_cast<std::streamoff>(from));
  file.read(part.data(), static_cast<std::streamsize>(bytes));
  digest.update(part);
}

void add_file(Digest& digest, const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  const std::uintmax_t end = std::min(size, kEnd);
  if (!error) add_part(digest, file, 0, end);
  if (!error) add_part(digest, file, size - end, end);
  if (error || !file) throw_file_error("read", path, error ? error.value() : EIO);
  digest.update(fmt::format("{} {}\n", path.filename().string(), size));
}

}  // namespace

std::string fingerprint_of(const fs::path& checkpoint) {
  Digest digest(Digest::Algorithm::sha256);
  const PathFilter trained{
      .allow = {"*.safetensors", "*.pt", "*.pth", "*.bin", "trainer_state.json"}};
  std::vector<std::string> files = files_below(checkpoint, trained);
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) add_file(digest, checkpoint / file);
  constexpr std::size_t kEnoughDigits = 32;
  return digest.hex().substr(0, kEnoughDigits);
}

std::map<std::int64_t, std::string> fingerprints_in(const fs::path& output_dir) {
  std::map<std::int64_t, std::string> fingerprints;
  for (const std::int64_t step : complete_checkpoints(output_dir)) {
    fingerprints[step] = fingerprint_of(output_dir / checkpoint_name(step));
  }
  return fingerprints;
}

}  // namespace torchhub
