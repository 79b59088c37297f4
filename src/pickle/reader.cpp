#include "torchhub/pickle/reader.h"

#include "pickle/decode.h"
#include "pickle/rebuild.h"
#include "pickle/tree.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>

#include <bit>

namespace torchhub::pickle {
namespace {

/// CPython Lib/pickle.py. What is not here is refused.
enum class Opcode : unsigned char {
  mark = '(',
  stop = '.',
  bin_int = 'J',
  bin_int1 = 'K',
  bin_int2 = 'M',
  none = 'N',
  bin_pers_id = 'Q',
  reduce = 'R',
  short_bin_string = 'U',
  bin_unicode = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  appends = 'e',
  bin_get = 'h',
  long_bin_get = 'j',
  empty_list = ']',
  bin_put = 'q',
  long_bin_put = 'r',
  set_item = 's',
  tuple = 't',
  empty_tuple = ')',
  set_items = 'u',
  bin_float = 'G',
  empty_dict = '}',
  proto = 0x80,
  new_obj = 0x81,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8a,
  short_bin_unicode = 0x8c,
  empty_set = 0x8f,
  add_items = 0x90,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
  bin_bytes = 'B',
  short_bin_bytes = 'C',
};

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const ReadOptions& options)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        options_(options),
        rebuilder_(arena_, options),
        none_(arena_.make(NodeKind::none)),
        false_(arena_.make(NodeKind::boolean)),
        true_(arena_.make(NodeKind::boolean)) {
    true_->boolean = true;
  }

  ReadResult read() {
    try {
      if (bytes_.size() > options_.limits.pickle_bytes) {
        throw Refusal(fmt::format("it is longer than {} bytes", options_.limits.pickle_bytes));
      }
      if (!bytes_.empty() && bytes_.front() != '\x80')
        throw Refusal("it is not a file of torch.save");
      while (step()) {
      }
      Node* root = pop();
      if (!stack_.empty() || !marks_.empty()) throw Refusal("it ends with values left over");
      return {to_value(*root, options_.limits), at_};
    } catch (const Refusal& refusal) {
      throw PickleError(options_.source,
                        fmt::format("{} (opcode 0x{:02x} at byte {} of the pickle)", refusal.what(),
                                    opcode_, opcode_at_));
    }
  }

 private:
  /// @return false after STOP
  bool step() {
    opcode_at_ = at_;
    opcode_ = static_cast<unsigned char>(take(1).front());
    if (arena_.size() > options_.limits.values)
      throw Refusal("it makes more values than the limits allow");
    if (stack_.size() > options_.limits.stack || marks_.size() > options_.limits.stack) {
      throw Refusal("its stack grows beyond the limits");
    }
    switch (static_cast<Opcode>(opcode_)) {
      case Opcode::stop:
        return false;
      case Opcode::proto:
        if (const auto version = unsigned_number(1); version < 2 || version > 4) {
          throw Refusal(fmt::format("protocol {} is not one of 2, 3 and 4", version));
        }
        break;
      case Opcode::frame:
        take(8);  // only says how far to read ahead
        break;
      case Opcode::mark:
        marks_.push_back(stack_.size());
        break;
      case Opcode::none:
        push(none_);
        break;
      case Opcode::new_true:
        push(true_);
        break;
      case Opcode::new_false:
        push(false_);
        break;
      case Opcode::bin_int:
        push_integer(static_cast<std::int32_t>(unsigned_number(4)));
        break;
      case Opcode::bin_int1:
        push_integer(static_cast<std::int64_t>(unsigned_number(1)));
        break;
      case Opcode::bin_int2:
        push_integer(static_cast<std::int64_t>(unsigned_number(2)));
        break;
      case Opcode::long1:
        push(make_integer(arena_, take(unsigned_number(1))));
        break;
      case Opcode::bin_float:
        push_float();
        break;
      case Opcode::bin_unicode:
        push_text(NodeKind::text, unsigned_number(4));
        break;
      case Opcode::short_bin_unicode:
        push_text(NodeKind::text, unsigned_number(1));
        break;
      case Opcode::short_bin_string:
        push_text(NodeKind::text, unsigned_number(1));  // Python 2's str; ASCII in practice
        break;
      case Opcode::bin_bytes:
        push_text(NodeKind::bytes, unsigned_number(4));
        break;
      case Opcode::short_bin_bytes:
        push_text(NodeKind::bytes, unsigned_number(1));
        break;
      default:
        structure();
    }
    return true;
  }

  /// Opcodes that put values together.
  void structure() {
    switch (static_cast<Opcode>(opcode_)) {
      case Opcode::empty_list:
      case Opcode::empty_set:
        push(arena_.make(NodeKind::list));
        break;
      case Opcode::empty_dict:
        push(arena_.make(NodeKind::dict));
        break;
      case Opcode::empty_tuple:
        push(arena_.make(NodeKind::tuple));
        break;
      case Opcode::tuple1:
        push_tuple(1);
        break;
      case Opcode::tuple2:
        push_tuple(2);
        break;
      case Opcode::tuple3:
        push_tuple(3);
        break;
      case Opcode::tuple: {
        Node* node = arena_.make(NodeKind::tuple);
        node->children = pop_to_mark();
        push(node);
        break;
      }
      case Opcode::append:
        extend({pop()}, NodeKind::list);
        break;
      case Opcode::appends:
      case Opcode::add_items:
        extend(pop_to_mark(), NodeKind::list);
        break;
      case Opcode::set_item: {
        Node* value = pop();
        Node* key = pop();
        extend({key, value}, NodeKind::dict);
        break;
      }
      case Opcode::set_items:
        extend(pop_to_mark(), NodeKind::dict);
        break;
      default:
        reference();
    }
  }

  /// Opcodes that name, remember and rebuild.
  void reference() {
    switch (static_cast<Opcode>(opcode_)) {
      case Opcode::bin_get:
        push(recalled(unsigned_number(1)));
        break;
      case Opcode::long_bin_get:
        push(recalled(unsigned_number(4)));
        break;
      case Opcode::bin_put:
        remember(unsigned_number(1));
        break;
      case Opcode::long_bin_put:
        remember(unsigned_number(4));
        break;
      case Opcode::memoize:
        remember(memo_.size());
        break;
      case Opcode::global: {
        const std::string_view module = line();
        push_global(module, line());
        break;
      }
      case Opcode::stack_global: {
        const Node* name = pop();
        const Node* module = pop();
        if (name->kind != NodeKind::text || module->kind != NodeKind::text) {
          throw Refusal("a name is not text");
        }
        push_global(module->text, name->text);
        break;
      }
      case Opcode::reduce:
      case Opcode::new_obj: {
        const Node* arguments = pop();
        const Node* callee = pop();
        push(rebuilder_.call(*callee, *arguments));
        break;
      }
      case Opcode::build: {
        Node* state = pop();
        rebuilder_.build(*top(), *state);
        break;
      }
      case Opcode::bin_pers_id:
        push(rebuilder_.storage(*pop()));
        break;
      default:
        throw Refusal("this opcode is not allowed");
    }
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) throw Refusal("it ends too early");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  std::uint64_t unsigned_number(std::size_t size) {
    const std::string_view bytes = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;)
      value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  std::string_view line() {
    constexpr std::size_t kMaxName = 1024;
    const std::size_t end = bytes_.substr(at_, kMaxName).find('\n');
    if (end == std::string_view::npos) throw Refusal("a name does not end");
    const std::string_view text = take(end + 1);
    return text.substr(0, end);
  }

  void push(Node* node) { stack_.push_back(node); }

  Node* top() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
      throw Refusal("it takes from an empty stack");
    return stack_.back();
  }

  Node* pop() {
    Node* node = top();
    stack_.pop_back();
    return node;
  }

  std::vector<Node*> pop_to_mark() {
    if (marks_.empty()) throw Refusal("there is no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Node*> nodes(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return nodes;
  }

  void push_integer(std::int64_t value) {
    Node* node = arena_.make(NodeKind::integer);
    node->integer = value;
    push(node);
  }

  void push_float() {
    std::uint64_t bits = 0;
    for (const char c : take(8)) bits = (bits << 8) | static_cast<unsigned char>(c);  // big endian
    Node* node = arena_.make(NodeKind::real);
    node->real = std::bit_cast<double>(bits);
    push(node);
  }

  void push_text(NodeKind kind, std::size_t size) {
    if (size > options_.limits.text_bytes) {
      throw Refusal(fmt::format("a text is longer than {} bytes", options_.limits.text_bytes));
    }
    Node* node = arena_.make(kind);
    node->text = take(size);
    if (kind == NodeKind::text && !is_utf8(node->text)) throw Refusal("a text is not UTF-8");
    push(node);
  }

  void push_tuple(std::size_t size) {
    Node* node = arena_.make(NodeKind::tuple);
    node->children.resize(size);
    for (std::size_t i = size; i-- > 0;) node->children[i] = pop();
    push(node);
  }

  void extend(const std::vector<Node*>& items, NodeKind wanted) {
    Node* target = top();
    const bool fits = wanted == NodeKind::list ? target->kind == NodeKind::list
                                               : target->kind == NodeKind::dict ||
                                                     target->kind == NodeKind::ordered_dict;
    if (!fits) throw Refusal("items are added to something that holds none");
    if (wanted == NodeKind::dict && items.size() % 2 != 0) throw Refusal("a key has no value");
    // Children are counted like values: a node may be listed many times through the memo.
    if ((links_ += items.size()) > options_.limits.values) {
      throw Refusal("it makes more values than the limits allow");
    }
    target->children.insert(target->children.end(), items.begin(), items.end());
  }

  void push_global(std::string_view module, std::string_view name) {
    const auto found = find_global(module, name);
    if (!found) throw Refusal(fmt::format("the name '{}.{}' is not allowed", module, name));
    Node* node = arena_.make(NodeKind::global);
    node->global = *found;
    push(node);
  }

  void remember(std::size_t index) {
    if (index >= options_.limits.memo)
      throw Refusal("it remembers more values than the limits allow");
    if (index >= memo_.size()) memo_.resize(index + 1);
    memo_[index] = top();
  }

  Node* recalled(std::size_t index) const {
    if (index >= memo_.size() || memo_[index] == nullptr) {
      throw Refusal(fmt::format("it recalls value {}, which was never remembered", index));
    }
    return memo_[index];
  }

  std::string_view bytes_;
  const ReadOptions& options_;
  Arena arena_;
  Rebuilder rebuilder_;
  Node* none_;
  Node* false_;
  Node* true_;
  std::vector<Node*> stack_;
  std::vector<std::size_t> marks_;  // where in the stack each MARK was
  std::vector<Node*> memo_;
  std::size_t links_ = 0;
  std::size_t at_ = 0;
  std::size_t opcode_at_ = 0;
  unsigned opcode_ = 0;
};

}  // namespace

ReadResult read_pickle(std::span<const std::byte> bytes, const ReadOptions& options) {
  return Unpickler(bytes, options).read();
}

}  // namespace torchhub::pickle
