#include "torchhub/safetensors/index.h"

#include "torchhub/base/python_format.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace torchhub::safetensors {
namespace {

using nlohmann::json;

/// A plain sibling: a name from the network must not choose a folder.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

/// A count that old writers stored as 1.6e10.
std::optional<std::uint64_t> count_field(const json& metadata, const char* name) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return std::nullopt;
  if (found->is_number_unsigned()) return found->get<std::uint64_t>();
  if (found->is_number_float() && *found >= 0.0 && *found < 9.2e18) {
    return static_cast<std::uint64_t>(found->get<double>());
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ShardIndex::files() const {
  std::set<std::string> names;
  for (const auto& [tensor, file] : weight_map) names.insert(file);
  return {names.begin(), names.end()};
}

ShardIndex parse_shard_index(const std::string& text, const std::string& source) {
  const auto fail = [&](const std::string& tensor, const std::string& problem) {
    throw SafetensorsError(SafetensorsError::Code::bad_index, source, tensor, problem);
  };
  const json root = json::parse(text, nullptr, false);
  if (root.is_discarded()) fail("", "it is not valid JSON");
  const auto map = root.is_object() ? root.find("weight_map") : root.end();
  if (map == root.end() || !map->is_object()) fail("", "it has no object 'weight_map'");

  ShardIndex index;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) fail(tensor, "weight_map does not name a file");
    if (!is_plain_name(file.get_ref<const std::string&>())) {
      fail(tensor, fmt::format("'{}' is not the name of a file beside the index",
                               file.get_ref<const std::string&>()));
    }
    index.weight_map[tensor] = file.get<std::string>();
  }
  if (const auto metadata = root.find("metadata");
      metadata != root.end() && metadata->is_object()) {
    index.total_size = count_field(*metadata, "total_size").value_or(0);
    index.total_parameters = count_field(*metadata, "total_parameters");
  }
  return index;
}

std::string encode_shard_index(const ShardIndex& index) {
  json metadata{{"total_size", index.total_size}};
  if (index.total_parameters) metadata["total_parameters"] = *index.total_parameters;
  return python_json(json{{"metadata", metadata}, {"weight_map", index.weight_map}}) + "\n";
}

}  // namespace torchhub::safetensors
