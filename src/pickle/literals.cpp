#include "pickle/literals.h"

#include "pickle/decode.h"
#include "pickle/refusal.h"
#include "torchhub/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace torchhub::pickle {

// What follows the pickle is the caller's: in a stream of torch.save the storages, of any length.
Literals::Literals(std::span<const std::byte> bytes, const Limits& limits, Arena& arena)
    : bytes_(reinterpret_cast<const char*>(bytes.data()),
             std::min(bytes.size(), limits.pickle_bytes)),
      cut_(bytes.size() > limits.pickle_bytes),
      limits_(limits),
      arena_(arena),
      none_(arena.make(NodeKind::none)),
      false_(arena.make(NodeKind::boolean)),
      true_(arena.make(NodeKind::boolean)) {
  true_->boolean = true;
}

void Literals::check_head() const {
  if (!bytes_.empty() && bytes_.front() != '\x80') throw Refusal("it is not a file of torch.save");
}

std::string_view Literals::take(std::size_t count) {
  if (count > bytes_.size() - at_) {
    if (cut_) throw Refusal(fmt::format("it is longer than {} bytes", limits_.pickle_bytes));
    throw Refusal("it ends too early");
  }
  at_ += count;
  return bytes_.substr(at_ - count, count);
}

std::uint64_t Literals::number(std::size_t size) {
  const std::string_view bytes = take(size);
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string_view Literals::line() {
  constexpr std::size_t kMaxName = 1024;
  const std::size_t end = bytes_.substr(at_, kMaxName).find('\n');
  if (end == std::string_view::npos) throw Refusal("a name does not end");
  const std::string_view text = take(end + 1);
  return text.substr(0, end);
}

Node* Literals::read(Opcode opcode) {
  switch (opcode) {
    case Opcode::none:
      return none_;
    case Opcode::new_true:
      return true_;
    case Opcode::new_false:
      return false_;
    case Opcode::bin_int:
      return integer(static_cast<std::int32_t>(number(4)));
    case Opcode::bin_int1:
      return integer(static_cast<std::int64_t>(number(1)));
    case Opcode::bin_int2:
      return integer(static_cast<std::int64_t>(number(2)));
    case Opcode::long1:
      return make_integer(arena_, take(number(1)));
    case Opcode::bin_float:
      return real();
    case Opcode::bin_unicode:
      return text(NodeKind::text, number(4));
    case Opcode::short_bin_unicode:
    case Opcode::short_bin_string:  // Python 2's str; ASCII in practice
      return text(NodeKind::text, number(1));
    case Opcode::bin_bytes:
      return text(NodeKind::bytes, number(4));
    case Opcode::short_bin_bytes:
      return text(NodeKind::bytes, number(1));
    default:
      return nullptr;
  }
}

Node* Literals::integer(std::int64_t value) {
  Node* node = arena_.make(NodeKind::integer);
  node->integer = value;
  return node;
}

Node* Literals::real() {
  std::uint64_t bits = 0;
  for (const char c : take(8)) bits = (bits << 8) | static_cast<unsigned char>(c);  // big endian
  Node* node = arena_.make(NodeKind::real);
  node->real = std::bit_cast<double>(bits);
  return node;
}

Node* Literals::text(NodeKind kind, std::size_t size) {
  if (size > limits_.text_bytes) {
    throw Refusal(fmt::format("a text is longer than {} bytes", limits_.text_bytes));
  }
  Node* node = arena_.make(kind);
  node->text = take(size);
  if (kind == NodeKind::text && !is_utf8(node->text)) throw Refusal("a text is not UTF-8");
  return node;
}

}  // namespace torchhub::pickle
