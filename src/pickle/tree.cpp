#include "pickle/tree.h"

#include "pickle/rebuild.h"

#include <fmt/format.h>

#include <unordered_set>

namespace torchhub::pickle {
namespace {

class Copying {
 public:
  explicit Copying(const Limits& limits) : limits_(limits) {}

  Value value(const Node& node, std::size_t depth) {
    if (depth > limits_.depth) {
      throw Refusal(fmt::format("values are nested deeper than {}", limits_.depth));
    }
    if (++values_ > limits_.values || (bytes_ += node.text.size()) > limits_.pickle_bytes) {
      throw Refusal("it stands for more values than the limits allow");
    }
    switch (node.kind) {
      case NodeKind::none:
        return None{};
      case NodeKind::boolean:
        return node.boolean;
      case NodeKind::integer:
        return node.integer;
      case NodeKind::big_integer:
        return BigInt{std::string(node.text)};
      case NodeKind::real:
        return node.real;
      case NodeKind::text:
        return node.text;
      case NodeKind::bytes:
        return Bytes{std::string(node.text)};
      case NodeKind::list:
        return List{items(node, depth)};
      case NodeKind::tuple:
        return Tuple{items(node, depth)};
      case NodeKind::dict:
      case NodeKind::ordered_dict:
        return dict(node, depth);
      case NodeKind::tensor:
        return *node.tensor;
      case NodeKind::numpy_array:
        bytes_ += node.array->data.size();
        return *node.array;
      case NodeKind::global:
        if (node.global.global == Global::dtype) return node.global.type;
        throw Refusal("a class or a function stands where a value is due");
      case NodeKind::storage:
        throw Refusal("a bare storage stands where a value is due");
      case NodeKind::numpy_dtype:
        throw Refusal("a NumPy dtype stands where a value is due");
    }
    return None{};
  }

 private:
  std::vector<Value> items(const Node& node, std::size_t depth) {
    std::vector<Value> copies;
    copies.reserve(std::min(node.children.size(), limits_.values - values_));
    for (const Node* child : node.children) copies.push_back(value(*child, depth + 1));
    return copies;
  }

  std::vector<std::pair<Value, Value>> pairs(const Node& node, std::size_t depth) {
    std::vector<std::pair<Value, Value>> copies;
    std::unordered_set<std::string_view> texts;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& name = *node.children[i];
      if (name.kind == NodeKind::text && !texts.insert(name.text).second) {
        throw Refusal(fmt::format("a dict holds '{}' twice", name.text));
      }
      Value key = value(name, depth + 1);
      copies.emplace_back(std::move(key), value(*node.children[i + 1], depth + 1));
    }
    return copies;
  }

  Dict dict(const Node& node, std::size_t depth) {
    Dict copy{pairs(node, depth), node.kind == NodeKind::ordered_dict};
    if (node.attributes != nullptr) copy.attributes = pairs(*node.attributes, depth);
    return copy;
  }

  const Limits& limits_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Value to_value(const Node& node, const Limits& limits) { return Copying(limits).value(node, 0); }

}  // namespace torchhub::pickle
