#include "server/pack_bomb.h"

#include "torchhub/base/sha256.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <span>

namespace torchhub::testing {
namespace {

std::string deflated(const std::string& bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

/// Seven bits a byte, the lowest first.
std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  return out + static_cast<char>(value);
}

/// The head of an object in a pack (git's gitformat-pack): type and size.
std::string object_head(int type, std::uint64_t size) {
  const auto first = static_cast<char>((type << 4) | static_cast<int>(size & 0xf));
  if (size < 0x10) return std::string(1, first);
  return static_cast<char>(0x80 | first) + varint(size >> 4);
}

}  // namespace

std::string pkt_line(const std::string& text) {
  return fmt::format("{:04x}{}", text.size() + 4, text);
}

std::string push_body(const std::string& from, const std::string& to, const std::string& pack) {
  std::string command = from + " " + to + " refs/heads/main";
  command += '\0';
  return pkt_line(command + " report-status") + "0000" + pack;
}

std::string pack_bomb() {
  constexpr int kBlob = 3;
  constexpr int kOffsetDelta = 6;
  constexpr std::size_t kBase = std::size_t{1} << 20;
  constexpr std::size_t kCopies = 2048;
  const std::string base = object_head(kBlob, kBase) + deflated(std::string(kBase, '\0'));
  std::string delta = varint(kBase) + varint(kBase * kCopies);
  for (std::size_t i = 0; i < kCopies; ++i) delta += std::string("\xf0\0\0\x10", 4);
  // How far back the base is: seven bits a byte, the highest first, each but the last less one.
  const std::string offset = {static_cast<char>(0x80 | ((base.size() >> 7) - 1)),
                              static_cast<char>(base.size() & 0x7f)};
  std::string pack = std::string("PACK\0\0\0\2\0\0\0\2", 12) + base +
                     object_head(kOffsetDelta, delta.size()) + offset + deflated(delta);
  Digest sum(Digest::Algorithm::sha1);
  sum.update(std::as_bytes(std::span(pack)));
  const std::string hex = sum.hex();
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    pack += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return pack;
}

}  // namespace torchhub::testing
