#pragma once

#include "torchhub/xet/xorb.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// A xorb's chunks as the database keeps them: 40 bytes each, hash, end when packed, end.
std::vector<std::byte> encode_chunks(const xet::XorbTable& table);
xet::XorbTable decode_chunks(const xet::Hash& hash, std::string_view bytes);

}  // namespace torchhub::server
