#pragma once

#include "torchhub/training/log_row.h"

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// "key=value,key=value" with blanks anywhere, as typed values. What is no such pair goes to
/// `problems`.
LogRow parse_optim_args(std::string_view text, std::vector<std::string>& problems);

}  // namespace torchhub
