#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace torchhub {

/// Text of a file in /proc or /sys without the blanks at its end; empty if it cannot be read. Their
/// size is no guide, and a container may hide any of them.
inline std::string kernel_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

}  // namespace torchhub
