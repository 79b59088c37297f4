#pragma once

#include <string>
#include <string_view>

namespace torchhub {

/// Where a model is loaded from, for the "How to use" of its card.
struct CardUsage {
  std::string repo_id = {};   ///< "ana/bert-mrpc"
  std::string revision = {};  ///< Commit or tag, which pins what the reader gets; empty: `main`.
  /// The class that loads it, such as "AutoModelForImageClassification"; empty: by `task`.
  std::string auto_class = {};
  std::string task = {};  ///< "image-classification"
  /// Python's transformers has the class too. Else the Python code loads the weights alone.
  bool in_transformers = false;
};

/// Two fenced blocks, C++ and Python, that load the model at its revision. Ends with a line break.
/// @throws InvalidArgumentError if a field holds what cannot stand in a program's text
std::string how_to_use(const CardUsage& usage);

/// Is it made of letters, digits and `_-./` alone, as what stands in a program's text must be?
bool stands_in_code(std::string_view text);

/// "AutoModelForImageClassification" for "image-classification"; "AutoModel" where no class of its
/// own is known.
std::string auto_class_of_task(const std::string& task);

}  // namespace torchhub
