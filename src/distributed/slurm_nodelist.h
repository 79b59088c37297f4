#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// First host of a Slurm node list: "node03" of "node[03-07,9],x", "rack1-n2" of
/// "rack[1-2]-n[2-4]".
/// @return nothing where it is not such a list
std::optional<std::string> first_slurm_host(std::string_view nodelist);

}  // namespace torchhub
