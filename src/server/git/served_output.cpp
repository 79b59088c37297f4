#include "server/git/served_output.h"

#include "torchhub/base/error.h"

namespace torchhub::server::git {

std::size_t ServedOutput::read(std::span<char> room) {
  constexpr std::uint64_t kBytesASecond = std::uint64_t{64} << 10;
  if (returned_) kept_waiting_ += Clock::now() - *returned_;
  if (kept_waiting_ > patience_ + std::chrono::seconds(bytes_ / kBytesASecond)) {
    throw Error("The client took too long to take what git had for it; git was ended.");
  }
  const std::size_t count = output_->read(room);
  bytes_ += count;
  returned_ = Clock::now();
  return count;
}

}  // namespace torchhub::server::git
