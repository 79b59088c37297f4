#pragma once

#include <exception>

namespace torchhub {

/// Did `error` come of too little memory, on the host or on a GPU?
bool is_out_of_memory(const std::exception& error);

/// Gives memory that LibTorch keeps for later back to the GPU.
void release_cached_memory();

}  // namespace torchhub
