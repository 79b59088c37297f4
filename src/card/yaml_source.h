#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace torchhub::card {

/// A block as data, and beside it how its unquoted words stood: the same shape, each leaf the
/// word's own text (`1.10`, `no`), null where it was quoted. So a value that does not change can be
/// written as it was.
struct YamlSource {
  nlohmann::ordered_json data = nlohmann::ordered_json::object();
  nlohmann::ordered_json words = nullptr;
};

/// parse_front_matter() that keeps the words. @throws ModelCardError
YamlSource read_yaml_source(std::string_view yaml);

/// Any value at the root, not only a map. @throws ModelCardError
nlohmann::ordered_json read_yaml(std::string_view yaml);

/// write_front_matter() that writes what is the same in `before` by its words there.
/// @throws ModelCardError if a text in `data` is not UTF-8
std::string write_yaml(const nlohmann::ordered_json& data, const YamlSource& before);

}  // namespace torchhub::card
