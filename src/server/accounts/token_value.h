#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// `hf_` and 34 letters and digits, the last 6 of them a checksum of the others.
std::string make_token();

/// Is it a token that make_token() could have made? Tells a slip of the pen, and most guesses,
/// without asking the database.
bool is_token_shaped(std::string_view value);

/// "hf_AbCd...wXyZ": enough to know one's own token by.
std::string hint_of_token(std::string_view value);

}  // namespace torchhub::server
