#include "torchhub/weights/deferred_files.h"

namespace torchhub {

void DeferredFiles::hold(std::span<const std::byte> bytes, std::shared_ptr<const void> keep_alive) {
  if (!bytes.empty()) live_.add(bytes, std::move(keep_alive));
}

void DeferredFiles::add(std::filesystem::path file, Write write) {
  files_.emplace_back(std::move(file), std::move(write));
}

void DeferredFiles::write(const std::stop_token& stop) {
  const Writing how{
      .bytes_now = [this](std::span<const std::byte> piece) { return live_.read(piece); },
      .sha256 = sha256_,
      .stop = stop};
  for (const auto& [file, write_file] : files_) written_[file] = write_file(how);
}

}  // namespace torchhub
