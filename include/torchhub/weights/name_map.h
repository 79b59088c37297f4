#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// Turns the names of a file into those of a model, as from_pretrained does (models.md 6.2): old
/// spellings, the caller's own rules, then a base model's prefix that only one of the two has.
class NameMap {
 public:
  /// @param model_names every name of the model's state
  /// @param prefix of the base model inside it, such as "bert"; empty: none
  /// @param key_mapping (regular expression, replacement); the first that matches wins
  /// @throws InvalidArgumentError for an expression that is not one
  NameMap(std::set<std::string> model_names, std::string prefix,
          std::vector<std::pair<std::string, std::string>> key_mapping = {});

  std::string operator()(const std::string& name_in_file) const;

 private:
  std::string modern(const std::string& name) const;
  std::string mapped(const std::string& name) const;
  std::string with_fitting_prefix(const std::string& name) const;

  std::set<std::string> model_names_;
  std::string prefix_;  // with its dot, or empty
  std::vector<std::pair<std::string, std::string>> key_mapping_;
};

}  // namespace torchhub
