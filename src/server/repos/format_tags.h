#pragma once

#include "server/git/repository.h"

#include <string>
#include <vector>

namespace torchhub::server {

/// "safetensors", "gguf", "onnx", ...: the formats of the weights that a commit has, by the names
/// of its files. Of very many files, the first ones count.
std::vector<std::string> format_tags(const git::Repository& git, const std::string& commit);

}  // namespace torchhub::server
