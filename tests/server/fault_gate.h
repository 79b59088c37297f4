#pragma once

#include "server/store/open_file.h"
#include "support/temp_dir.h"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>

namespace torchhub::testing {

/// Holds a hub in test mode up at a fault point, so that a test may do something meanwhile.
class FaultGate {
 public:
  explicit FaultGate(std::string place) : place_(std::move(place)) {
    ::mkfifo(path().c_str(), 0600);
  }
  ~FaultGate() { open(); }
  FaultGate(const FaultGate&) = delete;
  FaultGate& operator=(const FaultGate&) = delete;

  /// For ServerOptions::fault_point.
  std::string setting() const { return place_ + "=" + path().string(); }

  /// Returns once somebody waits there. @throws std::runtime_error if nobody comes
  void wait_for_arrival() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      // Without a reader it cannot be opened so.
      server::OpenFile writer(::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
      if (writer.descriptor() >= 0) {
        writer_.emplace(std::move(writer));
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw std::runtime_error("nobody came to " + place_);
  }

  /// Lets go who waits, and whoever comes after.
  void open() {
    std::filesystem::remove(path());
    writer_.reset();
  }

 private:
  std::filesystem::path path() const { return folder_ / "gate"; }

  TempDir folder_;
  std::string place_;
  std::optional<server::OpenFile> writer_ = std::nullopt;
};

}  // namespace torchhub::testing
