// The commands of a git push: however they are cut, they say the same.

#include "server/http/api_error.h"
#include "server/push/push_request.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

namespace {

using namespace torchhub::server;

void check(bool holds) {
  if (!holds) std::abort();
}

/// What a reader makes of `bytes` in pieces of that size, or nothing if it refuses them.
std::optional<std::string> read(std::span<const std::byte> bytes, std::size_t piece) {
  PushRequestReader reader;
  std::string out;
  try {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(piece, bytes.size()))) {
      const auto rest = reader.take(bytes.first(std::min(piece, bytes.size())));
      check(rest.empty() || reader.complete());
      out.append(reinterpret_cast<const char*>(rest.data()), rest.size());
    }
  } catch (const ApiError& error) {
    check(error.status() == 400 || error.status() == 413);
    return std::nullopt;
  }
  for (const RefCommand& command : reader.request().commands) {
    check(command.old_id.size() == kNoId.size() && command.new_id.size() == kNoId.size());
    check(!command.ref.empty());
    out += command.old_id + command.new_id + command.ref;
  }
  for (const std::string& word : reader.request().capabilities) out += word;
  return out + (reader.complete() ? "complete" : "cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto whole = read(bytes, std::max<std::size_t>(size, 1));
  check(whole == read(bytes, 1));
  check(whole == read(bytes, 7));
  return 0;
}
