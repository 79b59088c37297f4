#include "distributed/slurm_nodelist.h"

#include <algorithm>
#include <cctype>

namespace torchhub {
namespace {

bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }

/// "03" of "03-07,9"; nothing where a bracket holds anything but numbers and ranges.
std::optional<std::string> first_number(std::string_view bracket) {
  const auto allowed = [](char letter) {
    return is_digit(letter) || letter == '-' || letter == ',';
  };
  const auto end = std::find_if_not(bracket.begin(), bracket.end(), is_digit);
  if (end == bracket.begin() || !std::all_of(bracket.begin(), bracket.end(), allowed))
    return std::nullopt;
  return std::string(bracket.begin(), end);
}

}  // namespace

std::optional<std::string> first_slurm_host(std::string_view nodelist) {
  std::string host;
  while (!nodelist.empty() && nodelist.front() != ',') {
    if (nodelist.front() == '[') {
      const auto close = nodelist.find(']');
      if (close == std::string_view::npos) return std::nullopt;
      const auto number = first_number(nodelist.substr(1, close - 1));
      if (!number) return std::nullopt;
      host += *number;
      nodelist.remove_prefix(close + 1);
    } else if (nodelist.front() == ']' || nodelist.front() == ' ') {
      return std::nullopt;
    } else {
      host += nodelist.front();
      nodelist.remove_prefix(1);
    }
  }
  if (host.empty()) return std::nullopt;
  return host;
}

}  // namespace torchhub
