#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace torchhub {

/// The number that a job's id, the name of its folder, begins with: in the order in which jobs were
/// handed over. 0 where it begins with none.
inline std::uint64_t job_number(std::string_view id) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  return number;
}

}  // namespace torchhub
