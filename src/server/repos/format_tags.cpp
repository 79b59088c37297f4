#include "server/repos/format_tags.h"

#include "server/git/tree_walk.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace torchhub::server {
namespace {

/// Asked after every change of a repository, so a hundred thousand files must not be looked at.
constexpr std::size_t kMaxFilesRead = 2000;

/// The format, what the file's name starts with, and what it ends in.
struct FormatRule {
  std::string_view tag;
  std::string_view start;
  std::string_view end;
};
constexpr std::array<FormatRule, 10> kFormatRules = {{{"safetensors", "", ".safetensors"},
                                                      {"gguf", "", ".gguf"},
                                                      {"onnx", "", ".onnx"},
                                                      {"pytorch", "pytorch_model", ".bin"},
                                                      {"pytorch", "", ".pt"},
                                                      {"pytorch", "", ".pth"},
                                                      {"tf", "tf_model", ".h5"},
                                                      {"jax", "flax_model", ".msgpack"},
                                                      {"tflite", "", ".tflite"},
                                                      {"tensorboard", "events.out.tfevents", ""}}};

}  // namespace

std::vector<std::string> format_tags(const git::Repository& git, const std::string& commit) {
  std::array<bool, kFormatRules.size()> found{};
  std::size_t seen = 0;
  git::walk_names(git, commit, [&](const std::string& path) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    for (std::size_t i = 0; i < kFormatRules.size(); ++i) {
      found[i] = found[i] ||
                 (name.starts_with(kFormatRules[i].start) && name.ends_with(kFormatRules[i].end));
    }
    return ++seen < kMaxFilesRead;
  });
  std::vector<std::string> tags;
  for (std::size_t i = 0; i < kFormatRules.size(); ++i) {
    const std::string tag(kFormatRules[i].tag);
    if (found[i] && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

}  // namespace torchhub::server
