#pragma once

#include "pickle/budget.h"
#include "pickle/node.h"
#include "torchhub/pickle/reader.h"

namespace torchhub::pickle {

/// Copies nodes into a tree. Shared nodes are copied each time, within the limits and the budget: a
/// list of lists of lists can name more values than any memory holds. @throws Refusal
Value to_value(const Node& node, const Limits& limits, Budget& budget);

}  // namespace torchhub::pickle
