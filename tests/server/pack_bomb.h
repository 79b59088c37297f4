#pragma once

#include <string>

namespace torchhub::testing {

/// A line of what git sends: its length in four hex digits, and the text (git's
/// gitprotocol-common).
std::string pkt_line(const std::string& text);

/// What git would send to move a branch.
std::string push_body(const std::string& from, const std::string& to, const std::string& pack);

/// A pack of a few kB in which a delta makes a file of 2 GiB from one of 1 MiB.
std::string pack_bomb();

}  // namespace torchhub::testing
