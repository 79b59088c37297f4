#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace torchhub {

inline constexpr int kMostCpus = 1 << 16;

/// Text of a file in /proc or /sys without the blanks at its end; empty if it cannot be read. Their
/// size is no guide, and a container may hide any of them.
inline std::string kernel_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

/// How many CPUs a list of the kernel names: 5 of "0-3,8". 0 where it is no such list.
inline int cpus_in(const std::string& list) {
  int count = 0;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    std::istringstream range(part);
    int first = 0;
    if (!(range >> first)) return 0;
    char dash = 0;
    int last = first;
    if (range >> dash && (dash != '-' || !(range >> last))) return 0;
    if (first < 0 || last < first || last >= kMostCpus) return 0;
    count += last - first + 1;
  }
  return count;
}

}  // namespace torchhub
