#include "torchhub/base/live_bytes.h"

#include "torchhub/base/error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace torchhub {
namespace {

std::uintptr_t address_of(std::span<const std::byte> bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes.data());
}

/// While it lives, the reader begins no piece.
class OwnersTurn {
 public:
  explicit OwnersTurn(std::atomic<bool>& waits) : waits_(waits) { waits_ = true; }
  ~OwnersTurn() {
    waits_ = false;
    waits_.notify_all();
  }
  OwnersTurn(const OwnersTurn&) = delete;
  OwnersTurn& operator=(const OwnersTurn&) = delete;

 private:
  std::atomic<bool>& waits_;
};

}  // namespace

/// Counted in `held` from the first to the last moment of its life.
class LiveBytes::Copy {
 public:
  /// @param room part of `block`, for all of `bytes`
  Copy(std::span<const std::byte> bytes, std::byte* room, ReusedMemory::Block block,
       std::atomic<std::size_t>& held)
      : block_(std::move(block)), bytes_(room, bytes.size()), held_(held) {
    std::memcpy(room, bytes.data(), bytes.size());
    held_ += bytes_.size();
  }
  ~Copy() { held_ -= bytes_.size(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  ReusedMemory::Block block_;
  std::span<const std::byte> bytes_;
  std::atomic<std::size_t>& held_;
};

void LiveBytes::add(std::span<const std::byte> bytes, std::shared_ptr<const void> keep_alive) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    throw InvalidArgumentError(
        "LiveBytes takes no memory after keep() or cancel(). Make a new one for each save.");
  }
  const std::uintptr_t begin = address_of(bytes);
  const std::uintptr_t end = begin + bytes.size();
  split_at(begin);
  split_at(end);
  for (std::uintptr_t at = begin; at < end;) {
    const auto found = segment_at(at, bytes.subspan(at - begin));
    if (keep_alive) found->second.owners.push_back(keep_alive);
    at += found->second.old.size();
  }
}

std::span<const std::byte> LiveBytes::read(std::span<const std::byte> piece) {
  std::vector<Segment> done;  // before the lock: what it frees does not hold up the owner
  owner_waits_.wait(true);
  const std::lock_guard lock(mutex_);
  if (cancelled_) {
    throw CancelledError("Cancelled while memory was being written: its owner has given it up.");
  }
  const std::uintptr_t begin = address_of(piece);
  const std::uintptr_t end = begin + piece.size();
  split_at(begin);
  split_at(end);
  auto next = segments_.lower_bound(begin);
  if (next == segments_.end() || next->first >= end) return piece;

  if (scratch_.size() < piece.size()) scratch_.resize(piece.size());
  std::size_t filled = 0;
  const auto fill = [&](std::span<const std::byte> bytes) {
    if (!bytes.empty()) std::memcpy(scratch_.data() + filled, bytes.data(), bytes.size());
    filled += bytes.size();
  };
  while (next != segments_.end() && next->first < end) {
    fill(piece.subspan(filled, next->first - begin - filled));  // between segments
    Segment& segment = next->second;
    fill(segment.old);
    if (--segment.readings > 0) {
      ++next;
    } else {
      done.push_back(std::move(segment));
      next = segments_.erase(next);
    }
  }
  fill(piece.subspan(filled));
  return std::span(scratch_).first(piece.size());
}

std::size_t LiveBytes::keep() {
  const OwnersTurn turn(owner_waits_);
  const std::lock_guard lock(mutex_);
  closed_ = true;
  std::size_t copied = 0;
  for (auto& [address, segment] : segments_) {
    if (segment.copy) continue;
    if (const std::size_t room = room_for_copies(); segment.old.size() > room) {
      split_at(address + room);
    }
    copy(segment);
    copied += segment.old.size();
  }
  block_ = nullptr;  // goes with its last copy
  return copied;
}

std::size_t LiveBytes::keep_ahead(std::size_t limit) {
  owner_waits_.wait(true);
  const std::lock_guard lock(mutex_);
  const auto live = std::find_if(segments_.rbegin(), segments_.rend(),
                                 [](const auto& each) { return !each.second.copy; });
  if (live == segments_.rend() || limit == 0) return 0;
  const std::uintptr_t end = live->first + live->second.old.size();
  const std::uintptr_t begin = std::max(live->first, end - std::min(limit, room_for_copies()));
  split_at(begin);
  Segment& segment = segments_.at(begin);
  copy(segment);
  return segment.old.size();
}

std::size_t LiveBytes::bytes_live() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& [address, segment] : segments_) {
    if (!segment.copy) bytes += segment.old.size();
  }
  return bytes;
}

void LiveBytes::cancel() {
  Segments dropped;  // before the lock, as in read()
  const OwnersTurn turn(owner_waits_);
  const std::lock_guard lock(mutex_);
  closed_ = cancelled_ = true;
  dropped.swap(segments_);
}

/// Bytes left of a block that is not full, which there is afterwards.
std::size_t LiveBytes::room_for_copies() {
  if (!block_ || block_used_ == ReusedMemory::kBlockBytes) {
    block_ = memory_ ? memory_->take()
                     : std::make_shared_for_overwrite<std::byte[]>(ReusedMemory::kBlockBytes);
    block_used_ = 0;
  }
  return ReusedMemory::kBlockBytes - block_used_;
}

/// @param segment no larger than room_for_copies()
void LiveBytes::copy(Segment& segment) {
  segment.copy =
      std::make_shared<const Copy>(segment.old, block_.get() + block_used_, block_, held_);
  block_used_ += segment.old.size();
  segment.old = segment.copy->bytes();
  kept_ += segment.old.size();
}

/// Afterwards no segment reaches over `address`.
void LiveBytes::split_at(std::uintptr_t address) {
  const auto next = segments_.lower_bound(address);
  if (next == segments_.begin()) return;
  auto& [start, segment] = *std::prev(next);
  const std::size_t head = address - start;
  if (head >= segment.old.size()) return;
  Segment tail = segment;
  tail.old = segment.old.subspan(head);
  segment.old = segment.old.first(head);
  segments_.emplace_hint(next, address, std::move(tail));
}

/// The segment that begins at `address`, with one reading more; a new one over as much of `bytes`
/// as belongs to no other.
LiveBytes::Segments::iterator LiveBytes::segment_at(std::uintptr_t address,
                                                    std::span<const std::byte> bytes) {
  const auto next = segments_.lower_bound(address);
  if (next != segments_.end() && next->first == address) {
    ++next->second.readings;
    return next;
  }
  const std::size_t free = next == segments_.end() ? bytes.size() : next->first - address;
  return segments_.emplace_hint(next, address,
                                Segment{.old = bytes.first(std::min(free, bytes.size()))});
}

}  // namespace torchhub
