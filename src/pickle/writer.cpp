#include "torchhub/pickle/writer.h"

#include "pickle/decode.h"
#include "torchhub/base/error.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>
#include <unordered_map>

namespace torchhub::pickle {
namespace {

constexpr std::size_t kBatch = 1000;  // as CPython: at most so many items a SETITEMS or APPENDS

class Pickler {
 public:
  WrittenPickle write(const Value& value) {
    out_ = "\x80\x02";
    put(value);
    out_ += '.';
    return {std::move(out_), std::move(storages_)};
  }

 private:
  void put(const Value& value) {
    std::visit([this](const auto& v) { put_one(v); }, value.variant());
  }

  void put_one(const None&) { out_ += 'N'; }
  void put_one(bool value) { out_ += value ? '\x88' : '\x89'; }

  void put_one(std::int64_t value) {
    if (value >= 0 && value <= 0xFF) {
      number('K', value, 1);
    } else if (value >= 0 && value <= 0xFFFF) {
      number('M', value, 2);
    } else if (value >= std::numeric_limits<std::int32_t>::min() &&
               value <= std::numeric_limits<std::int32_t>::max()) {
      number('J', value, 4);
    } else {
      std::size_t size = 8;  // as short as two's complement allows
      while (size > 5 && value >> (8 * size - 9) == (value < 0 ? -1 : 0)) --size;
      out_ += "\x8a";
      number(static_cast<char>(size), value, size);
    }
  }

  void put_one(const BigInt& value) {
    if (value.bytes.size() > 255) {
      throw InvalidArgumentError("A whole number of more than 255 bytes cannot be stored.");
    }
    out_ += "\x8a";
    out_ += static_cast<char>(value.bytes.size());
    out_ += value.bytes;
  }

  void put_one(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    out_ += 'G';
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>((bits >> shift) & 0xFF);
  }

  void put_one(const std::string& text) {
    if (!is_utf8(text)) throw InvalidArgumentError("A text that is not UTF-8 cannot be stored.");
    once("X" + text, [&] {
      number('X', static_cast<std::int64_t>(text.size()), 4);
      out_ += text;
    });
  }

  void put_one(const Bytes& bytes) {  // protocol 2 has no bytes; this is what CPython writes
    global("_codecs", "encode");
    put_one(latin1_text(bytes.data));
    put_one(std::string("latin1"));
    out_ += "\x86R";
  }

  void put_one(const List& list) {
    out_ += ']';
    put_items(list.items);
  }

  void put_one(const Tuple& tuple) {
    const std::size_t size = tuple.items.size();
    if (size > 3) out_ += '(';
    for (const Value& item : tuple.items) put(item);
    constexpr std::string_view kShort = ")\x85\x86\x87";
    out_ += size > 3 ? 't' : kShort[size];
  }

  void put_one(const Dict& dict) {
    if (dict.ordered) {
      global("collections", "OrderedDict");
      out_ += ")R";
    } else {
      out_ += '}';
    }
    put_pairs(dict.items);
    if (dict.attributes.empty()) return;
    out_ += '}';
    put_pairs(dict.attributes);
    out_ += 'b';
  }

  void put_one(ScalarType type) { global("torch", to_string(type)); }

  void put_one(const NumpyArray& array) {
    if (array.shape.size() != 1) {
      throw InvalidArgumentError("Only a one-dimensional NumPy array can be stored, as a list.");
    }
    List list;
    for (const std::int64_t number : array.integers()) list.items.emplace_back(number);
    put_one(list);
  }

  void put_one(const Tensor& tensor) {
    check(tensor);
    if (tensor.parameter) {
      global("torch._utils", "_rebuild_parameter");
      put_tensor(tensor, false);
      put_one(tensor.requires_grad);
      no_hooks();
      out_ += "\x87R";
    } else {
      put_tensor(tensor, tensor.requires_grad);
    }
  }

  /// GLOBAL (storage, offset, size, stride, requires_grad, hooks[, dtype]) REDUCE
  void put_tensor(const Tensor& tensor, bool requires_grad) {
    const bool typed = !storage_class(tensor.type).empty();
    global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    out_ += '(';
    put_storage(tensor, typed);
    put_one(tensor.offset);
    put_one(sizes(tensor.shape));
    put_one(sizes(tensor.stride));
    put_one(requires_grad);
    no_hooks();
    if (!typed) put_one(tensor.type);
    out_ += "tR";
  }

  void put_storage(const Tensor& tensor, bool typed) {
    const std::size_t bytes = tensor.storage->bytes.size();
    out_ += '(';
    put_one(std::string("storage"));
    if (typed) {
      global("torch", storage_class(tensor.type));
    } else {
      global("torch.storage", "UntypedStorage");
    }
    put_one(fmt::to_string(key_of(tensor)));
    put_one(std::string("cpu"));
    put_one(static_cast<std::int64_t>(typed ? bytes / item_size(tensor.type) : bytes));
    out_ += "tQ";
  }

  std::size_t key_of(const Tensor& tensor) {
    const auto [found, is_new] = keys_.try_emplace(tensor.storage.get(), storages_.size());
    if (is_new) {
      storages_.push_back(tensor.storage);
      types_.push_back(tensor.type);
    } else if (types_[found->second] != tensor.type) {
      throw InvalidArgumentError(
          fmt::format("Tensors of {} and {} share a storage; copy one of them before saving.",
                      to_string(types_[found->second]), to_string(tensor.type)));
    }
    return found->second;
  }

  static void check(const Tensor& tensor) {
    const std::size_t size = item_size(tensor.type);
    if (tensor.storage == nullptr) throw InvalidArgumentError("A tensor has no storage.");
    if (tensor.shape.size() != tensor.stride.size() || tensor.offset < 0 ||
        tensor.storage->bytes.size() % size != 0) {
      throw InvalidArgumentError("A tensor's shape, stride and storage do not fit together.");
    }
    std::int64_t last = tensor.offset;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (tensor.shape[i] < 0 || tensor.stride[i] < 0) {
        throw InvalidArgumentError("A tensor has a negative size or stride.");
      }
      last += (std::max<std::int64_t>(tensor.shape[i], 1) - 1) * tensor.stride[i];
    }
    if (tensor.element_count() > 0 &&
        static_cast<std::uint64_t>(last) >= tensor.storage->bytes.size() / size) {
      throw InvalidArgumentError("A tensor reaches out of its storage.");
    }
  }

  static Tuple sizes(const std::vector<std::int64_t>& numbers) {
    Tuple tuple;
    for (const std::int64_t number : numbers) tuple.items.emplace_back(number);
    return tuple;
  }

  void no_hooks() {
    global("collections", "OrderedDict");
    out_ += ")R";
  }

  void put_items(const std::vector<Value>& items) {
    for (std::size_t start = 0; start < items.size(); start += kBatch) {
      const std::size_t end = std::min(start + kBatch, items.size());
      const bool single = end - start == 1;
      if (!single) out_ += '(';
      for (std::size_t i = start; i < end; ++i) put(items[i]);
      out_ += single ? 'a' : 'e';
    }
  }

  void put_pairs(const std::vector<std::pair<Value, Value>>& items) {
    for (std::size_t start = 0; start < items.size(); start += kBatch) {
      const std::size_t end = std::min(start + kBatch, items.size());
      const bool single = end - start == 1;
      if (!single) out_ += '(';
      for (std::size_t i = start; i < end; ++i) {
        put(items[i].first);
        put(items[i].second);
      }
      out_ += single ? 's' : 'u';
    }
  }

  void global(std::string_view module, std::string_view name) {
    const std::string line = fmt::format("c{}\n{}\n", module, name);
    once(line, [&] { out_ += line; });
  }

  /// Writes text and names the first time only, and recalls them from the memo afterwards.
  template <typename Write>
  void once(const std::string& key, Write write) {
    const auto [found, is_new] = memo_.try_emplace(key, memo_.size());
    const auto index = static_cast<std::int64_t>(found->second);
    if (is_new) write();
    if (index <= 0xFF) {
      number(is_new ? 'q' : 'h', index, 1);
    } else {
      number(is_new ? 'r' : 'j', index, 4);
    }
  }

  /// `opcode` and the lowest `size` bytes of `value`, little endian.
  void number(char opcode, std::int64_t value, std::size_t size) {
    out_ += opcode;
    for (std::size_t i = 0; i < size; ++i) {
      out_ += static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xFF);
    }
  }

  std::string out_;
  std::unordered_map<std::string, std::size_t> memo_;
  std::vector<std::shared_ptr<const Storage>> storages_;
  std::vector<ScalarType> types_;  // of the tensors over each storage
  std::unordered_map<const Storage*, std::size_t> keys_;
};

}  // namespace

WrittenPickle write_pickle(const Value& value) { return Pickler().write(value); }

}  // namespace torchhub::pickle
