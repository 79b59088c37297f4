#pragma once

#include "torchhub/distributed/process_group.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <string>

namespace torchhub::testing {

using Scenario = std::function<nlohmann::json(ProcessGroup&)>;

/// What `distributed_ranks` can do, by name.
std::map<std::string, Scenario> scenarios();
std::map<std::string, Scenario> gradient_scenarios();

}  // namespace torchhub::testing
