#include "pickle/tree.h"

#include "pickle/refusal.h"

#include <fmt/format.h>

#include <unordered_set>

namespace torchhub::pickle {
namespace {

class Copying {
 public:
  Copying(const Limits& limits, Budget& budget) : limits_(limits), budget_(budget) {}

  Value root(const Node& node) {
    count(1);
    return value(node, 0);
  }

 private:
  /// Before their room is made: a list that holds itself is made room for at every depth.
  void count(std::size_t values) {
    if ((values_ += values) > limits_.values) {
      throw Refusal("it stands for more values than the limits allow");
    }
  }

  Value value(const Node& node, std::size_t depth) {
    if (depth > limits_.depth) {
      throw Refusal(fmt::format("values are nested deeper than {}", limits_.depth));
    }
    budget_.take(node.text.size());
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
        budget_.take(*node.tensor);
        return *node.tensor;
      case NodeKind::numpy_array:
        budget_.take(*node.array);
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

  std::vector<Value> items(const Node& node, std::size_t depth) {
    count(node.children.size());
    std::vector<Value> copies;
    copies.reserve(node.children.size());
    for (const Node* child : node.children) copies.push_back(value(*child, depth + 1));
    return copies;
  }

  std::vector<std::pair<Value, Value>> pairs(const Node& node, std::size_t depth) {
    count(node.children.size());
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
  Budget& budget_;
  std::size_t values_ = 0;
};

}  // namespace

Value to_value(const Node& node, const Limits& limits, Budget& budget) {
  return Copying(limits, budget).root(node);
}

}  // namespace torchhub::pickle
