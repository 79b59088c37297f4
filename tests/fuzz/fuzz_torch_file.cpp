// The zip container, the old stream, and what lies in them.

#include "support/memory_file.h"
#include "torchhub/pickle/torch_file.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace {

using namespace torchhub;
using namespace torchhub::pickle;

/// Reads every byte that a tensor claims.
void touch(const Value& value) {
  if (const auto* tensor = value.if_is<Tensor>()) {
    volatile std::byte sum{};
    for (const std::byte byte : tensor->bytes()) sum = sum ^ byte;
  } else if (const auto* dict = value.if_is<Dict>()) {
    for (const auto& [key, item] : dict->items) touch(item);
  } else if (value.is<List>() || value.is<Tuple>()) {
    for (const Value& item : value.items()) touch(item);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static testing::MemoryFile file;
  file.set({reinterpret_cast<const char*>(data), size});
  for (const bool check_crc : {true, false}) {  // without it, changed bytes reach the parsers
    try {
      touch(load_torch_file(file.path(), {.check_crc = check_crc, .limits = {.values = 100'000}}));
    } catch (const PickleError&) {
    }
  }
  return 0;
}
