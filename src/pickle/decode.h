#pragma once

#include "pickle/node.h"

#include <optional>
#include <string>
#include <string_view>

namespace torchhub::pickle {

/// The bytes whose values are the code points of UTF-8 `text`; nothing if one is above 255.
std::optional<std::string> latin1_bytes(std::string_view text);
/// The other way round.
std::string latin1_text(std::string_view bytes);

/// A whole number from two's complement, little endian: an integer if 64 bits hold it.
Node* make_integer(Arena& arena, std::string_view bytes);

}  // namespace torchhub::pickle
