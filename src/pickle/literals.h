#pragma once

#include "pickle/node.h"
#include "pickle/opcode.h"
#include "torchhub/pickle/reader.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace torchhub::pickle {

/// A pickle's bytes from front to back, and the values that stand in them as they are.
class Literals {
 public:
  Literals(std::span<const std::byte> bytes, const Limits& limits, Arena& arena);

  /// Where the next byte stands.
  std::size_t at() const { return at_; }
  /// @throws Refusal unless the bytes begin as every protocol from 2 on does, or are none
  void check_head() const;
  /// @throws Refusal at the end of the bytes, as all of these do
  std::string_view take(std::size_t count);
  /// Little endian.
  std::uint64_t number(std::size_t size);
  /// Without its line end.
  std::string_view line();
  /// The value that `opcode` spells out; null for an opcode that spells out none.
  Node* read(Opcode opcode);

 private:
  Node* integer(std::int64_t value);
  Node* real();
  Node* text(NodeKind kind, std::size_t size);

  std::string_view bytes_;
  bool cut_;  // at the limit: more bytes followed
  std::size_t at_ = 0;
  const Limits& limits_;
  Arena& arena_;
  Node* none_;
  Node* false_;
  Node* true_;
};

}  // namespace torchhub::pickle
