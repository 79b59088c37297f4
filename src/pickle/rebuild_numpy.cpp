#include "pickle/decode.h"
#include "pickle/rebuild.h"
#include "pickle/refusal.h"

#include <fmt/format.h>

#include <cstring>

/// NumPy's own objects, as far as random states and numbers in checkpoints need them.
namespace torchhub::pickle {
namespace {

[[noreturn]] void refuse_numpy(const std::string& problem) { throw Refusal(problem); }

/// "u4": a kind of number and its bytes.
bool is_plain_dtype(std::string_view word) {
  if (word == "b1") return true;
  if (word.size() != 2) return false;
  const bool power = word[1] == '1' || word[1] == '2' || word[1] == '4' || word[1] == '8';
  return power && (word[0] == 'i' || word[0] == 'u' || (word[0] == 'f' && word[1] != '1'));
}

std::uint64_t dtype_size(std::string_view word) {
  return static_cast<std::uint64_t>(word[1] - '0');
}

template <typename T>
T from_bytes(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

Node* Rebuilder::numpy_dtype(const std::vector<Node*>& arguments) {
  if (arguments.empty() || arguments[0]->kind != NodeKind::text ||
      !is_plain_dtype(arguments[0]->text)) {
    refuse_numpy("a NumPy dtype is not that of plain numbers");
  }
  Node* node = arena_.make(NodeKind::numpy_dtype);
  node->text = arguments[0]->text;
  return node;
}

/// (3, '<', None, None, None, -1, -1, 0): version, byte order, no parts.
void Rebuilder::build_numpy_dtype(const Node& state) {
  const auto& parts = state.children;
  if (state.kind != NodeKind::tuple || parts.size() < 5 || parts[1]->kind != NodeKind::text ||
      parts[2]->kind != NodeKind::none || parts[3]->kind != NodeKind::none ||
      parts[4]->kind != NodeKind::none) {
    refuse_numpy("a NumPy dtype is not that of plain numbers");
  }
  const std::string_view order = parts[1]->text;
  if (order != "<" && order != "|" && order != "=")
    refuse_numpy("a NumPy array is not little endian");
}

/// (ndarray, (0,), b'b'): an empty array whose contents come with BUILD.
Node* Rebuilder::numpy_array(const std::vector<Node*>& arguments) {
  if (arguments.empty() || arguments[0]->kind != NodeKind::global ||
      arguments[0]->global.global != Global::numpy_array) {
    refuse_numpy("only a numpy.ndarray is reconstructed");
  }
  Node* node = arena_.make(NodeKind::numpy_array);
  node->array = std::make_unique<NumpyArray>(NumpyArray{"b1", {0}});
  budget_.take(*node->array);
  return node;
}

/// (1, shape, dtype, Fortran order, bytes).
void Rebuilder::build_numpy_array(Node& target, const Node& state) {
  const auto& parts = state.children;
  if (state.kind != NodeKind::tuple || parts.size() != 5 || parts[1]->kind != NodeKind::tuple ||
      parts[2]->kind != NodeKind::numpy_dtype || parts[3]->kind != NodeKind::boolean ||
      parts[4]->kind != NodeKind::bytes) {
    refuse_numpy("a NumPy array's state has an unknown form");
  }
  if (parts[1]->children.size() > kMaxDimensions) {
    refuse_numpy(fmt::format("a NumPy array has {} dimensions, more than {}",
                             parts[1]->children.size(), kMaxDimensions));
  }
  std::uint64_t bytes = dtype_size(parts[2]->text);
  NumpyArray array{std::string(parts[2]->text)};
  for (const Node* size : parts[1]->children) {
    if (size->kind != NodeKind::integer || size->integer < 0 ||
        __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size->integer), &bytes)) {
      refuse_numpy("a NumPy array has an impossible size");
    }
    array.shape.push_back(size->integer);
  }
  if (bytes != parts[4]->text.size()) refuse_numpy("a NumPy array's size and bytes differ");
  if (parts[3]->boolean && array.shape.size() > 1)
    refuse_numpy("a NumPy array is in Fortran order");
  budget_.take(bytes);
  array.data = parts[4]->text;
  *target.array = std::move(array);
}

/// (dtype, bytes): becomes a plain number.
Node* Rebuilder::numpy_scalar(const std::vector<Node*>& arguments) {
  if (arguments.size() != 2 || arguments[0]->kind != NodeKind::numpy_dtype ||
      arguments[1]->kind != NodeKind::bytes ||
      arguments[1]->text.size() != dtype_size(arguments[0]->text)) {
    refuse_numpy("a NumPy number has an unknown form");
  }
  const std::string_view dtype = arguments[0]->text;
  const std::string_view bytes = arguments[1]->text;
  if (dtype.front() == 'f') {
    if (bytes.size() < 4) refuse_numpy("a NumPy number is a half-precision float");
    Node* node = arena_.make(NodeKind::real);
    node->real = bytes.size() == 8 ? from_bytes<double>(bytes) : from_bytes<float>(bytes);
    return node;
  }
  if (dtype.front() == 'b') {
    Node* node = arena_.make(NodeKind::boolean);
    node->boolean = bytes.front() != '\0';
    return node;
  }
  return make_integer(arena_,
                      dtype.front() == 'u' ? std::string(bytes) + '\0' : std::string(bytes));
}

}  // namespace torchhub::pickle
