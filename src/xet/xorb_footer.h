#pragma once

#include "torchhub/xet/xorb.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace torchhub::xet {

/// How a footer begins, where a chunk's header would.
inline constexpr std::string_view kFooterTag = "XETBLOB";

/// The longest footer of a xorb with so many chunks, its length field included.
std::size_t max_footer_bytes(std::size_t chunks);

/// @param footer everything behind the chunks
/// @throws XetError if it is not the footer, of version 0 or 1, of a xorb with this table
void check_footer(std::span<const std::byte> footer, const XorbTable& table);

/// Of version 1, with its length.
std::vector<std::byte> make_footer(const XorbTable& table);

}  // namespace torchhub::xet
