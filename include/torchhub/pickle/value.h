#pragma once

#include "torchhub/pickle/error.h"
#include "torchhub/pickle/scalar_type.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What torch.save stores, as a tree of plain values. Copies are deep, but for the bytes of
/// storages.
namespace torchhub::pickle {

class Value;

struct None {
  bool operator==(const None&) const = default;
};

/// A whole number that 64 signed bits do not hold.
struct BigInt {
  std::string bytes;  ///< Two's complement, little endian, as short as possible.

  bool operator==(const BigInt&) const = default;
};

struct Bytes {
  std::string data;

  bool operator==(const Bytes&) const = default;
};

struct List {
  std::vector<Value> items;  // no initialiser here and below: it would need the whole of Value

  bool operator==(const List&) const;
};

struct Tuple {
  std::vector<Value> items;

  bool operator==(const Tuple&) const;
};

/// Keeps the order of its items. Any value can be a key; look-ups compare one by one.
struct Dict {
  using Items = std::vector<std::pair<Value, Value>>;

  Items items;
  bool ordered = false;  ///< A collections.OrderedDict.
  /// Of an OrderedDict: its `__dict__`, such as a state dict's `_metadata`.
  Items attributes;

  Dict();
  Dict(Items items, bool ordered = false);  // NOLINT(google-explicit-constructor)
  Dict(Items items, bool ordered, Items attributes);

  /// Null if there is no such key.
  const Value* find(const Value& key) const;
  /// @throws PickleError that names the key
  const Value& at(const Value& key) const;
  /// Replaces, or appends.
  void set(Value key, Value value);
  bool operator==(const Dict&) const;
};

/// A run of elements that tensors look into.
struct Storage {
  ScalarType type;
  std::span<const std::byte> bytes = {};        ///< Little endian; may lie at any address.
  std::shared_ptr<const void> owner = nullptr;  ///< Keeps `bytes` alive; null: the caller does.
};

/// Element [i, j, …] is element `offset + i*stride[0] + j*stride[1] + …` of the storage, which
/// holds all of them. Tensors with the same storage pointer share it in the file, too.
struct Tensor {
  ScalarType type;
  std::vector<std::int64_t> shape = {};   ///< Empty: a scalar.
  std::vector<std::int64_t> stride = {};  ///< In elements, never negative; as long as shape.
  std::int64_t offset = 0;                ///< In elements.
  std::shared_ptr<const Storage> storage = nullptr;
  bool requires_grad = false;
  bool parameter = false;  ///< A torch.nn.Parameter.

  std::int64_t element_count() const;
  bool is_contiguous() const;
  /// The bytes from the first to the last element. Row-major if is_contiguous().
  std::span<const std::byte> bytes() const;
  /// Equal shape, strides and bytes.
  bool operator==(const Tensor&) const;
};

/// A contiguous row-major tensor over bytes that the caller owns, or `owner` keeps alive.
/// @throws InvalidArgumentError if the sizes do not fit
Tensor make_tensor(ScalarType type, std::vector<std::int64_t> shape,
                   std::span<const std::byte> bytes, std::shared_ptr<const void> owner = nullptr);

/// The one kind of NumPy object that checkpoints hold: numbers in memory order.
struct NumpyArray {
  std::string dtype;                     ///< Kind and bytes, "u4", "f8", "b1"; little endian.
  std::vector<std::int64_t> shape = {};  ///< Row-major.
  std::string data = {};

  bool operator==(const NumpyArray&) const = default;
  /// @throws PickleError if they are not whole numbers of at most 8 bytes that fit in 64 signed
  /// bits
  std::vector<std::int64_t> integers() const;
};

class Value {
 public:
  using Variant = std::variant<None, bool, std::int64_t, BigInt, double, std::string, Bytes, List,
                               Tuple, Dict, Tensor, NumpyArray, ScalarType>;

  Value() = default;
  template <typename T>
  requires(!std::same_as<std::remove_cvref_t<T>, Value> && !std::integral<std::remove_cvref_t<T>> &&
           std::constructible_from<Variant, std::in_place_type_t<std::remove_cvref_t<T>>, T>)
      Value(T&& value)  // NOLINT(google-explicit-constructor): a tree is written down as literals
      : variant_(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(value)) {}
  Value(const char* text) : variant_(std::string(text)) {}
  Value(std::string_view text) : variant_(std::string(text)) {}
  Value(float value) : variant_(static_cast<double>(value)) {}
  Value(std::same_as<bool> auto value) : variant_(value) {}
  Value(std::signed_integral auto value) : variant_(static_cast<std::int64_t>(value)) {}
  Value(std::unsigned_integral auto value) requires(!std::same_as<decltype(value), bool>)
      : variant_(of_unsigned(value)) {}

  const Variant& variant() const { return variant_; }
  Variant& variant() { return variant_; }

  template <typename T>
  const T* if_is() const {
    return std::get_if<T>(&variant_);
  }
  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(variant_);
  }

  /// @throws PickleError that says what was found instead, as all of these do
  const Dict& dict() const;
  const std::string& text() const;
  const Tensor& tensor() const;
  std::int64_t integer() const;
  bool boolean() const;
  double number() const;  ///< A float or an int.
  /// Of a list or a tuple.
  const std::vector<Value>& items() const;

  /// "a dict", "text": for messages.
  std::string_view kind() const;

  bool operator==(const Value&) const = default;

 private:
  static Variant of_unsigned(std::uint64_t value);

  Variant variant_;
};

}  // namespace torchhub::pickle
