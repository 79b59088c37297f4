// The header of a safetensors file and the shard index.

#include "torchhub/safetensors/header.h"
#include "torchhub/safetensors/index.h"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

using namespace torchhub;
using safetensors::Header;

Header parse(std::span<const std::byte> bytes, std::uint64_t size, bool lenient) {
  return safetensors::parse_header(bytes, size, "fuzz", {.lenient = lenient});
}

void check(bool holds) {
  if (!holds) std::abort();
}

void header(std::span<const std::byte> bytes) {
  try {
    const Header strict = parse(bytes, bytes.size(), false);
    check(strict == parse(bytes, bytes.size(), true));  // lenient takes all that strict takes
    std::uint64_t at = 0;
    for (const auto& tensor : strict.tensors) {
      check(tensor.begin == at);
      at = tensor.end;
    }
    check(strict.data_start + at == bytes.size());

    const std::string encoded = safetensors::encode_header(strict);
    Header again = parse(std::as_bytes(std::span(encoded)), encoded.size() + at, false);
    again.data_start = strict.data_start;
    check(again == strict);
  } catch (const SafetensorsError&) {
  }
}

void index(const std::string& text) {
  try {
    const auto index = safetensors::parse_shard_index(text, "fuzz");
    check(safetensors::parse_shard_index(encode_shard_index(index), "fuzz").weight_map ==
          index.weight_map);
  } catch (const SafetensorsError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  header(std::as_bytes(std::span(data, size)));
  index(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
