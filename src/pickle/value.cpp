#include "torchhub/pickle/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

namespace torchhub::pickle {
namespace {

/// As a reader would write the key in Python.
std::string shown(const Value& key) {
  if (const auto* text = key.if_is<std::string>()) return fmt::format("'{}'", *text);
  if (const auto* number = key.if_is<std::int64_t>()) return fmt::format("{}", *number);
  return fmt::format("({})", key.kind());
}

template <typename T>
const T& expect(const Value& value, std::string_view wanted) {
  if (const T* found = value.if_is<T>()) return *found;
  throw PickleError(fmt::format("Expected {}, found {}.", wanted, value.kind()));
}

/// Elements a tensor spans in its storage; 0 if it has none.
std::int64_t span_of(const Tensor& tensor) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) return 0;
    last += (tensor.shape[i] - 1) * tensor.stride[i];
  }
  return last + 1;
}

}  // namespace

bool List::operator==(const List& other) const { return items == other.items; }
bool Tuple::operator==(const Tuple& other) const { return items == other.items; }
bool Dict::operator==(const Dict& other) const {
  return items == other.items && ordered == other.ordered && attributes == other.attributes;
}

Dict::Dict() = default;
Dict::Dict(Items given_items, bool is_ordered)
    : items(std::move(given_items)), ordered(is_ordered) {}
Dict::Dict(Items given_items, bool is_ordered, Items given_attributes)
    : items(std::move(given_items)), ordered(is_ordered), attributes(std::move(given_attributes)) {}

const Value* Dict::find(const Value& key) const {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == key; });
  return found == items.end() ? nullptr : &found->second;
}

const Value& Dict::at(const Value& key) const {
  if (const Value* value = find(key)) return *value;
  throw PickleError(fmt::format("The dict has no key {}.", shown(key)));
}

void Dict::set(Value key, Value value) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == key; });
  if (found == items.end()) {
    items.emplace_back(std::move(key), std::move(value));
  } else {
    found->second = std::move(value);
  }
}

std::int64_t Tensor::element_count() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

bool Tensor::is_contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && stride[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

std::span<const std::byte> Tensor::bytes() const {
  const auto count = static_cast<std::size_t>(span_of(*this));
  if (storage == nullptr || count == 0) return {};
  const std::size_t size = item_size(type);
  return storage->bytes.subspan(static_cast<std::size_t>(offset) * size, count * size);
}

bool Tensor::operator==(const Tensor& other) const {
  return type == other.type && shape == other.shape && stride == other.stride &&
         requires_grad == other.requires_grad && parameter == other.parameter &&
         std::ranges::equal(bytes(), other.bytes());
}

Tensor make_tensor(ScalarType type, std::vector<std::int64_t> shape,
                   std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  Tensor tensor{type, std::move(shape)};
  tensor.stride.resize(tensor.shape.size());
  std::int64_t next = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    tensor.stride[i] = next;
    next *= std::max<std::int64_t>(tensor.shape[i], 1);
  }
  const auto needed = static_cast<std::size_t>(tensor.element_count()) * item_size(type);
  if (needed != bytes.size()) {
    throw InvalidArgumentError(
        fmt::format("A {} tensor of shape [{}] takes {} bytes, {} were given.", to_string(type),
                    fmt::join(tensor.shape, ", "), needed, bytes.size()));
  }
  tensor.storage = std::make_shared<const Storage>(Storage{type, bytes, std::move(owner)});
  return tensor;
}

std::vector<std::int64_t> NumpyArray::integers() const {
  const char kind = dtype.empty() ? '?' : dtype.front();
  const std::size_t size = dtype.size() == 2 ? static_cast<std::size_t>(dtype[1] - '0') : 0;
  if ((kind != 'u' && kind != 'i' && kind != 'b') || size == 0 || size > 8) {
    throw PickleError(fmt::format("Expected whole numbers, found a NumPy array of {}.", dtype));
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at + size <= data.size(); at += size) {
    std::uint64_t bits = 0;
    for (std::size_t i = size; i-- > 0;)
      bits = (bits << 8) | static_cast<unsigned char>(data[at + i]);
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    auto number = static_cast<std::int64_t>(bits);
    if (kind == 'i') number = static_cast<std::int64_t>(bits << unused) >> unused;
    if (kind == 'u' && number < 0) {
      throw PickleError("A number of a NumPy array does not fit in 64 signed bits.");
    }
    numbers.push_back(number);
  }
  return numbers;
}

const Dict& Value::dict() const { return expect<Dict>(*this, "a dict"); }
const std::string& Value::text() const { return expect<std::string>(*this, "text"); }
const Tensor& Value::tensor() const { return expect<Tensor>(*this, "a tensor"); }
std::int64_t Value::integer() const { return expect<std::int64_t>(*this, "a whole number"); }
bool Value::boolean() const { return expect<bool>(*this, "a truth value"); }

double Value::number() const {
  if (const auto* whole = if_is<std::int64_t>()) return static_cast<double>(*whole);
  return expect<double>(*this, "a number");
}

const std::vector<Value>& Value::items() const {
  if (const auto* tuple = if_is<Tuple>()) return tuple->items;
  return expect<List>(*this, "a list or a tuple").items;
}

std::string_view Value::kind() const {
  constexpr std::string_view kKinds[] = {
      "None",    "a truth value", "a whole number", "a large whole number",
      "a float", "text",          "bytes",          "a list",
      "a tuple", "a dict",        "a tensor",       "a NumPy array",
      "a dtype"};
  static_assert(std::size(kKinds) == std::variant_size_v<Variant>);
  return kKinds[variant_.index()];
}

Value::Variant Value::of_unsigned(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return static_cast<std::int64_t>(value);
  }
  std::string bytes(9, '\0');  // the ninth byte holds the sign
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>((value >> (8 * i)) & 0xFF);
  return BigInt{std::move(bytes)};
}

}  // namespace torchhub::pickle
