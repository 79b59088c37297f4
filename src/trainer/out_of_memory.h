#pragma once

#include <exception>

namespace torchhub {

/// Did `error` come of too little memory, on the host or on a GPU?
bool is_out_of_memory(const std::exception& error);

/// Throws the lack of memory `error`, which is being handled, once more: now it says that
/// auto_find_batch_size has found no batch that fits, and what to do. LibTorch's error stays the
/// same object, std::bad_alloc becomes one that derives from it.
[[noreturn]] void throw_that_no_batch_fits(std::exception& error);

}  // namespace torchhub
