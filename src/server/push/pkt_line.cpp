#include "server/push/pkt_line.h"

#include <fmt/format.h>

namespace torchhub::server::pkt {

std::string line(std::string_view bytes) {
  return fmt::format("{:04x}{}", bytes.size() + 4, bytes);
}

std::string side_band(Band band, std::string_view bytes) {
  constexpr std::size_t kRoom = kMaxLine - 5;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kRoom) {
    out += line(static_cast<char>(band) + std::string(bytes.substr(at, kRoom)));
  }
  return out;
}

std::string keep_alive() { return line(std::string(1, static_cast<char>(Band::data))); }

}  // namespace torchhub::server::pkt
