#include "pickle/rebuild.h"

#include "pickle/decode.h"
#include "pickle/refusal.h"

#include <fmt/format.h>

namespace torchhub::pickle {
namespace {

[[noreturn]] void refuse(const std::string& problem) { throw Refusal(problem); }

const Node& argument(const std::vector<Node*>& arguments, std::size_t index, NodeKind kind,
                     std::string_view what) {
  if (index >= arguments.size() || arguments[index]->kind != kind) {
    refuse(fmt::format("argument {} is not {}", index + 1, what));
  }
  return *arguments[index];
}

std::vector<std::int64_t> sizes(const std::vector<Node*>& arguments, std::size_t index,
                                std::string_view what) {
  const auto& items = argument(arguments, index, NodeKind::tuple, "a tuple").children;
  if (items.size() > kMaxDimensions) {
    refuse(fmt::format("a tensor has {} dimensions, more than {}", items.size(), kMaxDimensions));
  }
  std::vector<std::int64_t> numbers;
  for (const Node* item : items) {
    if (item->kind != NodeKind::integer || item->integer < 0) {
      refuse(fmt::format("a tensor's {} holds something other than a whole number from 0", what));
    }
    numbers.push_back(item->integer);
  }
  return numbers;
}

/// Every element must lie inside the storage; all products are checked.
void check_inside(const Tensor& tensor, std::uint64_t storage_bytes) {
  if (tensor.shape.size() != tensor.stride.size())
    refuse("a tensor's size and stride differ in length");
  std::uint64_t count = 1;
  std::uint64_t last = static_cast<std::uint64_t>(tensor.offset);
  bool empty = false;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const auto size = static_cast<std::uint64_t>(tensor.shape[i]);
    empty = empty || size == 0;
    std::uint64_t reach = 0;
    if (__builtin_mul_overflow(count, size == 0 ? 1 : size, &count) || count >> 62 != 0 ||
        __builtin_mul_overflow(size == 0 ? 0 : size - 1,
                               static_cast<std::uint64_t>(tensor.stride[i]), &reach) ||
        __builtin_add_overflow(last, reach, &last) || last >> 62 != 0) {
      refuse("a tensor's size overflows");
    }
  }
  const std::uint64_t available = storage_bytes / item_size(tensor.type);
  if (empty ? static_cast<std::uint64_t>(tensor.offset) > available : last >= available) {
    refuse(fmt::format("a tensor reaches element {} of a storage with {}", last, available));
  }
}

/// The flags that _rebuild_tensor_v2 sets after building: a view whose numbers are not the bytes.
void check_metadata(const Node& metadata) {
  if (metadata.kind == NodeKind::none) return;
  if (metadata.kind != NodeKind::dict) refuse("a tensor's metadata is not a dict");
  for (std::size_t i = 1; i < metadata.children.size(); i += 2) {
    const Node& value = *metadata.children[i];
    if (value.kind == NodeKind::boolean && value.boolean) {
      refuse("a tensor is a conjugate or negative view; store a resolved copy");
    }
  }
}

}  // namespace

Node* Rebuilder::call(const Node& callee, const Node& arguments) {
  if (callee.kind != NodeKind::global || arguments.kind != NodeKind::tuple) {
    refuse("only known functions are called, with a tuple");
  }
  const auto& given = arguments.children;
  switch (callee.global.global) {
    case Global::ordered_dict:
      return ordered_dict(given);
    case Global::counter:
      return counter(given);
    case Global::set:
      return set(given);
    case Global::rebuild_tensor:
    case Global::rebuild_tensor_v2:
    case Global::rebuild_tensor_v3:
      return tensor(callee.global.global, given);
    case Global::rebuild_parameter:
    case Global::rebuild_parameter_with_state:
    case Global::parameter_class:
      return parameter(given);
    case Global::rebuild_from_type_v2:
      return from_type(given);
    case Global::size:
      return size(given);
    case Global::device:
      return device(given);
    case Global::encode:
      return encoded(given);
    case Global::numpy_reconstruct:
      return numpy_array(given);
    case Global::numpy_dtype:
      return numpy_dtype(given);
    case Global::numpy_scalar:
      return numpy_scalar(given);
    case Global::tensor_class:
    case Global::storage_class:
    case Global::untyped_storage:
    case Global::dtype:
    case Global::numpy_array:
      break;
  }
  refuse("this name is not a function that may be called");
}

void Rebuilder::build(Node& target, Node& state) {
  if (target.kind == NodeKind::ordered_dict && state.kind == NodeKind::dict) {
    target.attributes = &state;
  } else if (target.kind == NodeKind::tensor && target.tensor->parameter &&
             state.kind == NodeKind::dict) {
    // Python attributes of a Parameter; they say nothing about its numbers
  } else if (target.kind == NodeKind::numpy_array) {
    build_numpy_array(target, state);
  } else if (target.kind == NodeKind::numpy_dtype) {
    build_numpy_dtype(state);
  } else {
    refuse("only an OrderedDict, a Parameter and a NumPy array can be given a state");
  }
}

/// ("storage", class, key, location, count[, None])
StorageRequest Rebuilder::requested(const std::vector<Node*>& id) {
  if (argument(id, 0, NodeKind::text, "text").text != "storage") {
    refuse("a persistent id is not that of a storage");
  }
  const GlobalName& type = argument(id, 1, NodeKind::global, "a storage class").global;
  const bool untyped = type.global == Global::untyped_storage;
  if (!untyped && type.global != Global::storage_class) refuse("a storage has no storage class");
  const Node& key = argument(id, 2, NodeKind::text, "a storage's key");
  argument(id, 3, NodeKind::text, "a storage's location");
  const Node& count = argument(id, 4, NodeKind::integer, "a storage's size");
  if (id.size() > 6 || (id.size() == 6 && id[5]->kind != NodeKind::none)) {
    refuse("a storage is a view into another one");
  }
  budget_.take(key.text.size());
  StorageRequest request{std::string(key.text), untyped ? ScalarType::uint8 : type.type};
  if (count.integer < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count.integer),
                                                  item_size(request.type), &request.bytes)) {
    refuse(fmt::format("a storage has the impossible size {}", count.integer));
  }
  return request;
}

Node* Rebuilder::storage(const Node& id) {
  if (id.kind != NodeKind::tuple) refuse("a persistent id is not a tuple");
  const StorageRequest request = requested(id.children);
  auto known = storages_.find(request.key);
  if (known == storages_.end()) {
    if (!options_.storage) refuse("tensors are not expected here");
    auto found = options_.storage(request);
    known = storages_.emplace(request.key, KnownStorage{request, std::move(found)}).first;
  } else if (known->second.request.bytes != request.bytes) {
    refuse(fmt::format("storage '{}' has two sizes", request.key));
  }
  Node* node = arena_.make(NodeKind::storage);
  node->storage = known->second.storage;
  node->integer = static_cast<std::int64_t>(request.bytes);
  node->global = {id.children[1]->global.global, request.type};
  return node;
}

/// Links cost little, but a list in the memo can be copied by a handful of bytes.
void Rebuilder::append(Node& node, const std::vector<Node*>& children) {
  budget_.take(children.size() * sizeof(Node*));
  node.children.insert(node.children.end(), children.begin(), children.end());
}

Node* Rebuilder::ordered_dict(const std::vector<Node*>& arguments) {
  Node* node = arena_.make(NodeKind::ordered_dict);
  if (arguments.empty()) return node;
  if (arguments.size() != 1 || arguments[0]->kind != NodeKind::list) {
    refuse("an OrderedDict is made of nothing or a list of pairs");
  }
  for (const Node* pair : arguments[0]->children) {
    if ((pair->kind != NodeKind::list && pair->kind != NodeKind::tuple) ||
        pair->children.size() != 2) {
      refuse("an OrderedDict is made of something other than pairs");
    }
    append(*node, pair->children);
  }
  return node;
}

Node* Rebuilder::counter(const std::vector<Node*>& arguments) {
  Node* node = arena_.make(NodeKind::dict);
  if (!arguments.empty()) {
    append(*node, argument(arguments, 0, NodeKind::dict, "a dict").children);
  }
  return node;
}

Node* Rebuilder::set(const std::vector<Node*>& arguments) {
  Node* node = arena_.make(NodeKind::list);
  append(*node, argument(arguments, 0, NodeKind::list, "a list").children);
  return node;
}

Node* Rebuilder::size(const std::vector<Node*>& arguments) {
  Node* node = arena_.make(NodeKind::tuple);
  append(*node, argument(arguments, 0, NodeKind::tuple, "a tuple").children);
  return node;
}

Node* Rebuilder::device(const std::vector<Node*>& arguments) {
  std::string text(argument(arguments, 0, NodeKind::text, "a device's name").text);
  if (arguments.size() > 1) {
    text +=
        fmt::format(":{}", argument(arguments, 1, NodeKind::integer, "a device's number").integer);
  }
  Node* node = arena_.make(NodeKind::text);
  node->text = arena_.keep(std::move(text));
  return node;
}

Node* Rebuilder::encoded(const std::vector<Node*>& arguments) {
  const std::string_view text = argument(arguments, 0, NodeKind::text, "text").text;
  const std::string_view encoding = argument(arguments, 1, NodeKind::text, "an encoding").text;
  auto bytes = encoding == "latin1" ? latin1_bytes(text) : std::nullopt;
  if (!bytes) refuse("only latin1 text is turned into bytes");
  Node* node = arena_.make(NodeKind::bytes);
  node->text = arena_.keep(std::move(*bytes));
  return node;
}

Node* Rebuilder::tensor(Global version, const std::vector<Node*>& arguments) {
  if (++tensors_ > options_.limits.tensors) {
    refuse(fmt::format("there are more than {} tensors", options_.limits.tensors));
  }
  const Node& storage = argument(arguments, 0, NodeKind::storage, "a storage");
  const Node& offset = argument(arguments, 1, NodeKind::integer, "an offset");
  if (offset.integer < 0) refuse("a tensor's offset is negative");
  auto tensor = std::make_unique<Tensor>(Tensor{storage.global.type});
  tensor->offset = offset.integer;
  tensor->shape = sizes(arguments, 2, "size");
  tensor->stride = sizes(arguments, 3, "stride");
  if (version != Global::rebuild_tensor) {
    tensor->requires_grad = argument(arguments, 4, NodeKind::boolean, "a truth value").boolean;
  }
  std::size_t metadata = 6;
  if (version == Global::rebuild_tensor_v3) {
    const Node& dtype = argument(arguments, 6, NodeKind::global, "a dtype");
    if (dtype.global.global != Global::dtype) refuse("argument 7 is not a dtype");
    tensor->type = dtype.global.type;
    metadata = 7;
  } else if (storage.global.global == Global::untyped_storage) {
    refuse("a storage without an element type needs _rebuild_tensor_v3");
  }
  if (arguments.size() > metadata) check_metadata(*arguments[metadata]);
  check_inside(*tensor, static_cast<std::uint64_t>(storage.integer));
  budget_.take(*tensor);
  tensor->storage = storage.storage;
  Node* node = arena_.make(NodeKind::tensor);
  node->tensor = std::move(tensor);
  return node;
}

Node* Rebuilder::parameter(const std::vector<Node*>& arguments) {
  const Node& data = argument(arguments, 0, NodeKind::tensor, "a tensor");
  budget_.take(*data.tensor);
  Node* node = arena_.make(NodeKind::tensor);
  node->tensor = std::make_unique<Tensor>(*data.tensor);
  node->tensor->parameter = true;
  node->tensor->requires_grad =
      arguments.size() < 2 || argument(arguments, 1, NodeKind::boolean, "a truth value").boolean;
  return node;
}

Node* Rebuilder::from_type(const std::vector<Node*>& arguments) {
  const Node& function = argument(arguments, 0, NodeKind::global, "a function");
  const Node& type = argument(arguments, 1, NodeKind::global, "a tensor class");
  const Node& given = argument(arguments, 2, NodeKind::tuple, "a tuple");
  const Global rebuild = function.global.global;
  const bool plain =
      type.global.global == Global::tensor_class || type.global.global == Global::parameter_class;
  if (!plain || (rebuild != Global::rebuild_tensor && rebuild != Global::rebuild_tensor_v2 &&
                 rebuild != Global::rebuild_tensor_v3 && rebuild != Global::rebuild_parameter)) {
    refuse("only plain tensors are rebuilt from a type");
  }
  return call(function, given);
}

}  // namespace torchhub::pickle
