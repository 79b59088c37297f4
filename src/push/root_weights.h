#pragma once

#include <string>
#include <vector>

namespace torchhub {

/// Weights at the repository's root. What a push does not bring must go: a loader would prefer an
/// old single file to new shards.
inline const std::vector<std::string>& root_weights() {
  static const std::vector<std::string> patterns{
      "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors"};
  return patterns;
}

}  // namespace torchhub
