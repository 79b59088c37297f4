#pragma once

#include <optional>
#include <string_view>

namespace torchhub {

/// Tasks of one node of a step, from Slurm's list of them: 3 for node 2 of "4(x2),3".
/// @param node as text, counted from 0; of no matter where there is one node only
/// @param all tasks of the step
/// @return nothing where the list is no such list, does not add up to `all`, or has no such node
std::optional<int> slurm_tasks_of_node(std::string_view list, std::string_view node, int all);

}  // namespace torchhub
