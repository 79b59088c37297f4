#pragma once

#include "pickle/budget.h"
#include "torchhub/pickle/value.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::pickle {

/// The names that a pickle may use; what is not here does not exist.
enum class Global : std::uint8_t {
  ordered_dict,
  counter,
  set,
  rebuild_tensor,
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  rebuild_parameter_with_state,
  rebuild_from_type_v2,
  tensor_class,
  parameter_class,
  size,
  device,
  storage_class,
  untyped_storage,
  dtype,
  encode,
  numpy_reconstruct,
  numpy_scalar,
  numpy_array,
  numpy_dtype,
};

/// A name of the table. `type` belongs to storage_class and dtype only.
struct GlobalName {
  Global global;
  ScalarType type = ScalarType::uint8;
};

/// Nothing for a name that is not in the table.
std::optional<GlobalName> find_global(std::string_view module, std::string_view name);

enum class NodeKind : std::uint8_t {
  none,
  boolean,
  integer,
  big_integer,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  ordered_dict,
  global,
  storage,
  tensor,
  numpy_dtype,
  numpy_array,
};

/// A value while a pickle is read. Nodes refer to each other freely (shared, even in circles), so
/// they belong to the arena and never to each other.
struct Node {
  NodeKind kind = NodeKind::none;
  bool boolean = false;
  GlobalName global = {Global::ordered_dict};
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text = {};  // text, bytes, big_integer, numpy_dtype: in the pickle or the arena
  std::vector<Node*> children = {};  // of a dict: key, value, key, value
  Node* attributes = nullptr;        // of an ordered_dict: a dict
  std::shared_ptr<const Storage> storage = nullptr;
  std::unique_ptr<Tensor> tensor = nullptr;
  std::unique_ptr<NumpyArray> array = nullptr;
};

/// Owns all nodes of one pickle and frees them without recursion.
class Arena {
 public:
  explicit Arena(Budget& budget) : budget_(budget) {}

  Node* make(NodeKind kind) {
    nodes_.emplace_back().kind = kind;
    return &nodes_.back();
  }
  /// @throws Refusal beyond the budget
  std::string_view keep(std::string text) {
    budget_.take(sizeof text + text.size());
    return texts_.emplace_back(std::move(text));
  }
  std::size_t size() const { return nodes_.size(); }

 private:
  Budget& budget_;
  std::deque<Node> nodes_;
  std::deque<std::string> texts_;
};

}  // namespace torchhub::pickle
