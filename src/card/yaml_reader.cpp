#include "card/card_lines.h"
#include "card/code_points.h"
#include "card/yaml_scalar.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/front_matter.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <string>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

// Aliases make a small text describe a huge or endless tree.
constexpr std::size_t kMaxNodes = 200'000;
constexpr int kMaxDepth = 100;

/// Their values are words, whatever YAML 1.1 would make of them: `language: no` is Norwegian.
constexpr std::array<std::string_view, 10> kWordKeys = {
    "language", "license",  "license_name", "license_link", "library_name",
    "tags",     "datasets", "metrics",      "base_model",   "pipeline_tag"};

[[noreturn]] void fail(std::string_view what, const YAML::Mark& mark) {
  const std::string place =
      mark.is_null() ? "" : fmt::format(" at line {}, column {}", mark.line + 1, mark.column + 1);
  throw ModelCardError(fmt::format(
      "The front matter of a model card cannot be read{}: {}. Mend the block between the two "
      "'---' lines.",
      place, what));
}

class Reader {
 public:
  ordered_json value(const YAML::Node& node, int depth, bool words) {
    if (++nodes_ > kMaxNodes) fail("it unfolds into too many values", node.Mark());
    if (depth > kMaxDepth) fail("it is nested too deeply", node.Mark());
    switch (node.Type()) {
      case YAML::NodeType::Sequence:
        return list(node, depth, words);
      case YAML::NodeType::Map:
        return map(node, depth);
      case YAML::NodeType::Scalar:
        return scalar(node, words);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return nullptr;
  }

 private:
  ordered_json list(const YAML::Node& node, int depth, bool words) {
    ordered_json out = ordered_json::array();
    for (const YAML::Node& item : node) out.push_back(value(item, depth + 1, words));
    return out;
  }

  ordered_json map(const YAML::Node& node, int depth) {
    ordered_json out = ordered_json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar() && !entry.first.IsNull()) {
        fail("a key is not a word", entry.first.Mark());
      }
      const std::string key = entry.first.IsNull() ? "" : entry.first.Scalar();
      const bool words =
          depth == 0 && std::find(kWordKeys.begin(), kWordKeys.end(), key) != kWordKeys.end();
      out[key] = value(entry.second, depth + 1, words);  // the last of two equal keys wins
    }
    return out;
  }

  static ordered_json scalar(const YAML::Node& node, bool words) {
    card::require_utf8(node.Scalar());  // yaml-cpp makes bare bytes of some escapes
    const std::string& tag = node.Tag();
    const bool plain = tag.empty() || tag == "?" || tag == "tag:yaml.org,2002:int" ||
                       tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool";
    if (!plain) return node.Scalar();
    if (words && card::plain_kind(node.Scalar()) == card::PlainKind::boolean) return node.Scalar();
    return card::plain_value(node.Scalar());
  }

  std::size_t nodes_ = 0;
};

}  // namespace

nlohmann::ordered_json parse_front_matter(std::string_view yaml) {
  card::require_utf8(yaml);
  YAML::Node root;
  try {
    root = YAML::Load(card::with_newlines(yaml));
  } catch (const YAML::Exception& error) {
    fail(error.msg, error.mark);
  }
  if (!root || root.IsNull()) return ordered_json::object();
  if (!root.IsMap()) fail("it is not a map of keys and values", root.Mark());
  return Reader().value(root, 0, false);
}

}  // namespace torchhub
