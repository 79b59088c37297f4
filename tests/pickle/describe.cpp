#include "pickle/describe.h"

#include "torchhub/base/sha256.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>

namespace torchhub::testing {
namespace {

using nlohmann::ordered_json;
using namespace pickle;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string contents(std::string_view bytes) {
  constexpr std::size_t kMaxBytes = 4096;
  return bytes.size() <= kMaxBytes ? hex(bytes) : "sha256:" + sha256_hex(bytes);
}

/// Two's complement, little endian, to decimal digits by long division.
std::string decimal(std::string bytes) {
  const bool negative = (static_cast<unsigned char>(bytes.back()) & 0x80) != 0;
  int carry = 1;
  if (negative) {
    for (char& c : bytes) {
      const int value = (~static_cast<unsigned char>(c) & 0xFF) + carry;
      c = static_cast<char>(value & 0xFF);
      carry = value >> 8;
    }
  }
  std::string digits;
  while (std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != 0; })) {
    int rest = 0;
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
      const int value = rest * 256 + static_cast<unsigned char>(*at);
      *at = static_cast<char>(value / 10);
      rest = value % 10;
    }
    digits += static_cast<char>('0' + rest);
  }
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

ordered_json list(const std::vector<Value>& items) {
  ordered_json out = ordered_json::array();
  for (const Value& item : items) out.push_back(describe(item));
  return out;
}

ordered_json pairs(const std::vector<std::pair<Value, Value>>& items) {
  ordered_json out = ordered_json::array();
  for (const auto& [key, value] : items) {
    out.push_back(ordered_json::array({describe(key), describe(value)}));
  }
  return out;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Describe {
  ordered_json operator()(const None&) const { return nullptr; }
  ordered_json operator()(bool value) const { return value; }
  ordered_json operator()(std::int64_t value) const { return {{"int", std::to_string(value)}}; }
  ordered_json operator()(const BigInt& value) const { return {{"int", decimal(value.bytes)}}; }
  ordered_json operator()(double value) const {
    return {{"float", fmt::format("{:016x}", std::bit_cast<std::uint64_t>(value))}};
  }
  ordered_json operator()(const std::string& value) const { return value; }
  ordered_json operator()(const Bytes& value) const { return {{"bytes", contents(value.data)}}; }
  ordered_json operator()(const List& value) const { return {{"list", list(value.items)}}; }
  ordered_json operator()(const Tuple& value) const { return {{"tuple", list(value.items)}}; }
  ordered_json operator()(const Dict& value) const {
    ordered_json out{{value.ordered ? "ordered_dict" : "dict", pairs(value.items)}};
    if (!value.attributes.empty()) out["attributes"] = pairs(value.attributes);
    return out;
  }
  ordered_json operator()(const Tensor& value) const {
    return {{"tensor", to_string(value.type)},
            {"shape", value.shape},
            {"stride", value.stride},
            {"offset", value.offset},
            {"storage_bytes", value.storage->bytes.size()},
            {"requires_grad", value.requires_grad},
            {"parameter", value.parameter},
            {"bytes", contents(text_of(value.bytes()))}};
  }
  ordered_json operator()(const NumpyArray& value) const {
    return {{"numpy", value.dtype}, {"shape", value.shape}, {"bytes", contents(value.data)}};
  }
  ordered_json operator()(ScalarType value) const { return {{"dtype", to_string(value)}}; }
};

}  // namespace

nlohmann::ordered_json describe(const pickle::Value& value) {
  return std::visit(Describe{}, value.variant());
}

}  // namespace torchhub::testing
