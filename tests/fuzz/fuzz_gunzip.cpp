// Bodies with Content-Encoding: gzip. What is no gzip is refused, what is comes out whole, however
// the network cuts it, and never more of it than the limit.

#include "fuzz/pieces.h"
#include "server/http/api_error.h"
#include "server/http/response.h"
#include "support/gzip.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace {

using namespace torchhub::server;

constexpr std::size_t kLimit = std::size_t{256} << 10;

void check(bool holds) {
  if (!holds) std::abort();
}

/// What lies in the gzip data, or nothing if they are refused.
std::optional<std::string> inflated(std::span<const std::byte> bytes, std::size_t piece) {
  Answer answer = read_body(2 * kLimit, [](std::string body) { return text_response(body); });
  const auto body = gunzip(std::move(std::get<std::unique_ptr<BodyConsumer>>(answer)), kLimit);
  try {
    torchhub::testing::take_in_pieces(*body, bytes, piece);
    const std::string out = std::get<std::string>(body->finish().body);
    check(out.size() <= kLimit);
    return out;
  } catch (const ApiError& error) {
    check(error.status() == 400 || error.status() == 413);
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto whole = inflated(bytes, size);
  check(whole == inflated(bytes, 1));
  check(whole == inflated(bytes, 7));
  if (size > kLimit) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string packed = torchhub::testing::gzipped(text);
  check(inflated(std::as_bytes(std::span(packed)), packed.size()) == text);
  check(inflated(std::as_bytes(std::span(packed)), 1) == text);
  return 0;
}
