#include "server/http/paced_writer.h"

#include <algorithm>

namespace torchhub::server {
namespace {

/// One call of the kernel lasts little longer than the write timeout with so few.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

}  // namespace

void PacedWriter::write(std::string_view bytes, bool more) {
  while (!bytes.empty()) {
    const Time start = std::chrono::steady_clock::now();
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    const std::size_t done = stream_.write_some(piece, more || piece.size() < bytes.size());
    count(done, start);
    bytes.remove_prefix(done);
  }
}

std::size_t PacedWriter::send_some(const OpenFile& file, std::uint64_t offset, std::uint64_t size) {
  const Time start = std::chrono::steady_clock::now();
  const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(size, kPieceBytes));
  const std::size_t done = stream_.send_some(file, offset, piece);
  count(done, start);
  return done;
}

void PacedWriter::count(std::size_t bytes, Time start) {
  written_ += bytes;
  waited_ += std::chrono::steady_clock::now() - start;
  if (waited_ < options_.answer_window) return;
  // Not what we wrote: the kernel buffers megabytes, and asks for more when a third of them is
  // gone, which is rare with a client as slow as it may be.
  const std::uint64_t taken = std::max(taken_, written_ - std::min(written_, stream_.untaken()));
  if (taken < taken_ + options_.min_answer_bytes) {
    throw ConnectionTimedOut("The client took its answer too slowly.");
  }
  taken_ = taken;
  waited_ = {};
}

}  // namespace torchhub::server
