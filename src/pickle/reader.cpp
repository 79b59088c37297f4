#include "torchhub/pickle/reader.h"

#include "pickle/literals.h"
#include "pickle/rebuild.h"
#include "pickle/refusal.h"
#include "pickle/tree.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::pickle {
namespace {

/// The stack machine: what each opcode does with the values that are there.
class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const ReadOptions& options)
      : options_(options),
        budget_(std::min(bytes.size(), options.limits.pickle_bytes), options.limits),
        arena_(budget_),
        literals_(bytes, options.limits, arena_),
        rebuilder_(arena_, budget_, options) {}

  ReadResult read() {
    try {
      literals_.check_head();
      while (step()) {
      }
      Node* root = pop();
      if (!stack_.empty() || !marks_.empty()) throw Refusal("it ends with values left over");
      return {to_value(*root, options_.limits, budget_), literals_.at()};
    } catch (const Refusal& refusal) {
      throw PickleError(options_.source,
                        fmt::format("{} (opcode 0x{:02x} at byte {} of the pickle)", refusal.what(),
                                    static_cast<unsigned>(opcode_), opcode_at_));
    }
  }

 private:
  /// @return false after STOP
  bool step() {
    opcode_at_ = literals_.at();
    opcode_ = static_cast<Opcode>(literals_.number(1));
    check_growth();
    if (Node* literal = literals_.read(opcode_)) {
      push(literal);
      return true;
    }
    switch (opcode_) {
      case Opcode::stop:
        return false;
      case Opcode::proto:
        if (const auto version = literals_.number(1); version < 2 || version > 4) {
          throw Refusal(fmt::format("protocol {} is not one of 2, 3 and 4", version));
        }
        break;
      case Opcode::frame:
        literals_.take(8);  // only says how far to read ahead
        break;
      case Opcode::mark:
        marks_.push_back(stack_.size());
        break;
      default:
        structure();
    }
    return true;
  }

  void check_growth() const {
    if (arena_.size() > options_.limits.values) {
      throw Refusal("it makes more values than the limits allow");
    }
    if (stack_.size() > options_.limits.stack || marks_.size() > options_.limits.stack) {
      throw Refusal("its stack grows beyond the limits");
    }
  }

  /// Opcodes that put values together.
  void structure() {
    switch (opcode_) {
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
    switch (opcode_) {
      case Opcode::bin_get:
        push(recalled(literals_.number(1)));
        break;
      case Opcode::long_bin_get:
        push(recalled(literals_.number(4)));
        break;
      case Opcode::bin_put:
        remember(literals_.number(1));
        break;
      case Opcode::long_bin_put:
        remember(literals_.number(4));
        break;
      case Opcode::memoize:
        remember(memo_.size());
        break;
      case Opcode::global: {
        const std::string_view module = literals_.line();
        push_global(module, literals_.line());
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

  const ReadOptions& options_;
  Budget budget_;
  Arena arena_;
  Literals literals_;
  Rebuilder rebuilder_;
  std::vector<Node*> stack_;
  std::vector<std::size_t> marks_;  // where in the stack each MARK was
  std::vector<Node*> memo_;
  std::size_t links_ = 0;
  std::size_t opcode_at_ = 0;
  Opcode opcode_ = {};
};

}  // namespace

ReadResult read_pickle(std::span<const std::byte> bytes, const ReadOptions& options) {
  return Unpickler(bytes, options).read();
}

}  // namespace torchhub::pickle
