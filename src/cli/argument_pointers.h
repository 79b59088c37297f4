#pragma once

#include <string>
#include <vector>

namespace torchhub::cli {

/// What exec() and posix_spawn() take: good as long as `texts` stands unchanged.
inline std::vector<char*> argument_pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace torchhub::cli
