// Shards in all their forms.

#include "torchhub/xet/error.h"
#include "torchhub/xet/shard.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace torchhub::xet;
  try {
    const Shard shard = parse_shard(std::as_bytes(std::span(data, size)));
    const Shard again = parse_shard(encode_shard(shard));
    if (again != shard) std::abort();
  } catch (const XetError&) {
  }
  return 0;
}
