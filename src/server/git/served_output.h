#pragma once

#include "server/http/response.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace torchhub::server::git {

/// What git prints for a client. The process has one of few places for as long as its output is not
/// taken, so a client may keep it waiting for `patience` in all, and a second more for each 64 KiB
/// that it has taken. Then git is ended and the connection cut.
class ServedOutput final : public BodySource {
 public:
  ServedOutput(std::unique_ptr<BodySource> output, std::chrono::seconds patience)
      : output_(std::move(output)), patience_(patience) {}

  /// @throws Error when the client has been too slow, and whatever the output throws
  std::size_t read(std::span<char> room) override;

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<BodySource> output_;
  std::chrono::seconds patience_;
  std::uint64_t bytes_ = 0;
  Clock::duration kept_waiting_{0};
  std::optional<Clock::time_point> returned_ = std::nullopt;  ///< The last read().
};

}  // namespace torchhub::server::git
