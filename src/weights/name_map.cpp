#include "torchhub/weights/name_map.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <array>
#include <regex>

namespace torchhub {
namespace {

struct Spelling {
  std::string_view old_end;
  std::string_view new_end;
};
constexpr std::array kAlways = {Spelling{"LayerNorm.gamma", "LayerNorm.weight"},
                                Spelling{"LayerNorm.beta", "LayerNorm.bias"}};
/// Weight normalisation has two spellings; the model's own decides.
constexpr std::array kWhereTheModelHasIt = {
    Spelling{"weight_g", "parametrizations.weight.original0"},
    Spelling{"weight_v", "parametrizations.weight.original1"}};

std::string with_end(const std::string& name, std::string_view old_end, std::string_view new_end) {
  return name.substr(0, name.size() - old_end.size()).append(new_end);
}

}  // namespace

NameMap::NameMap(std::set<std::string> model_names, std::string prefix,
                 std::vector<std::pair<std::string, std::string>> key_mapping)
    : model_names_(std::move(model_names)),
      prefix_(prefix.empty() ? "" : std::move(prefix) + "."),
      key_mapping_(std::move(key_mapping)) {
  for (const auto& [pattern, replacement] : key_mapping_) {
    try {
      const std::regex check(pattern);
    } catch (const std::regex_error& error) {
      throw InvalidArgumentError(
          fmt::format("key_mapping '{}' is not a regular expression: {}", pattern, error.what()));
    }
  }
}

std::string NameMap::operator()(const std::string& name_in_file) const {
  return with_fitting_prefix(mapped(modern(name_in_file)));
}

std::string NameMap::modern(const std::string& name) const {
  for (const Spelling& spelling : kAlways) {
    if (name.ends_with(spelling.old_end)) return with_end(name, spelling.old_end, spelling.new_end);
  }
  for (const Spelling& spelling : kWhereTheModelHasIt) {
    for (const auto& [from, to] : {std::pair(spelling.old_end, spelling.new_end),
                                   std::pair(spelling.new_end, spelling.old_end)}) {
      if (!name.ends_with(from)) continue;
      const std::string other = with_end(name, from, to);
      if (!model_names_.contains(name) && model_names_.contains(with_fitting_prefix(other))) {
        return other;
      }
    }
  }
  return name;
}

std::string NameMap::mapped(const std::string& name) const {
  for (const auto& [pattern, replacement] : key_mapping_) {
    const std::regex expression(pattern);
    if (std::regex_search(name, expression)) {
      return std::regex_replace(name, expression, replacement);
    }
  }
  return name;
}

std::string NameMap::with_fitting_prefix(const std::string& name) const {
  if (prefix_.empty() || model_names_.contains(name)) return name;
  if (name.starts_with(prefix_) && model_names_.contains(name.substr(prefix_.size()))) {
    return name.substr(prefix_.size());
  }
  return model_names_.contains(prefix_ + name) ? prefix_ + name : name;
}

}  // namespace torchhub
