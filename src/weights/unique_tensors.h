#pragma once

#include "torchhub/weights/state_dict.h"

#include <map>
#include <string>

namespace torchhub {

/// A state in which no two tensors share memory.
struct UniqueTensors {
  StateDict state = {};                             ///< In the order given.
  std::map<std::string, std::string> aliases = {};  ///< Dropped name -> kept name.
};

/// Of names over the same memory, dtype, shape and strides, the alphabetically first one is kept.
/// @throws InvalidArgumentError that lists the names which share only a part
UniqueTensors unique_tensors(const StateDict& state);

}  // namespace torchhub
