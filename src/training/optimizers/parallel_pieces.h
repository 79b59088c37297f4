#pragma once

#include <cstdint>
#include <functional>

namespace torchhub {

/// Elements that one piece of work should have: enough to be worth a thread's while.
constexpr std::int64_t kPieceElements = 1 << 15;

/// Calls `work` for 0, ..., count - 1, in LibTorch's own threads if it has several
/// (at::get_num_threads()). `work` must not touch tensors, only their memory.
void for_each_piece(std::int64_t count, const std::function<void(std::int64_t)>& work);

}  // namespace torchhub
