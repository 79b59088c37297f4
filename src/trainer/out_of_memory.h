#pragma once

#include <exception>

namespace torchhub {

/// Did `error` come of too little memory, on the host or on a GPU?
bool is_out_of_memory(const std::exception& error);

}  // namespace torchhub
