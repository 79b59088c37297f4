#include "server/accounts/identicon.h"

#include "server/accounts/account_store.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <array>

namespace torchhub::server {
namespace {

constexpr int kSectors = 8;

unsigned byte_at(const std::string& hex, std::size_t index) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  return digit(hex[2 * index]) * 16 + digit(hex[2 * index + 1]);
}

/// One ring: each bit of `pattern` is an eighth of it, drawn or not. As dashes, since a path's arcs
/// would need sines.
std::string ring(int radius, unsigned pattern, unsigned hue) {
  // pathLength makes a sector 10 long; a zero at the start lets the first one be a gap.
  std::string dashes;
  for (int sector = 0; sector < kSectors; ++sector) {
    const bool drawn = ((pattern >> sector) & 1U) != 0;
    dashes += drawn ? "9 1 " : "0 10 ";
  }
  dashes.pop_back();
  return fmt::format(R"svg(<circle cx="48" cy="48" r="{}" fill="none" stroke="hsl({},60%,45%)" )svg"
                     R"svg(stroke-width="9" pathLength="80" stroke-dasharray="{}"/>)svg",
                     radius, hue, dashes);
}

}  // namespace

std::string identicon(std::string_view name) {
  const std::string hash = sha256_hex(folded(name));
  const unsigned hue = (byte_at(hash, 0) * 256 + byte_at(hash, 1)) % 360;
  std::string out = fmt::format(
      R"svg(<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96">)svg"
      R"svg(<rect width="96" height="96" rx="16" fill="hsl({0},45%,92%)"/>)svg"
      R"svg(<circle cx="48" cy="48" r="7" fill="hsl({0},60%,45%)"/>)svg",
      hue);
  constexpr std::array<int, 3> kRadii = {16, 27, 38};
  std::size_t next = 2;
  for (int radius : kRadii) {
    out += ring(radius, byte_at(hash, next), (hue + byte_at(hash, next + 1) % 60) % 360);
    next += 2;
  }
  return out + "</svg>\n";
}

}  // namespace torchhub::server
