#pragma once

#include "pickle/node.h"
#include "torchhub/pickle/reader.h"

namespace torchhub::pickle {

/// Copies nodes into a tree. Shared nodes are copied each time, within the limits: a list of lists
/// of lists can name more values than any memory holds. @throws Refusal
Value to_value(const Node& node, const Limits& limits);

}  // namespace torchhub::pickle
