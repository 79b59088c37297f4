// What a stranger sends to the server: heads, targets, bodies and chunks, in pieces of any size,
// and what the router makes of the path: which route it is, and whether its parts are good names.

#include "fuzz/small_hub.h"
#include "server/api/dispatcher.h"
#include "server/git/repository.h"
#include "server/http/api_error.h"
#include "server/http/byte_range.h"
#include "server/http/request_reader.h"
#include "server/http/router.h"
#include "torchhub/wire/commit_lines.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace torchhub;
using namespace torchhub::server;

void check(bool holds) {
  if (!holds) std::abort();
}

/// A client that has sent all it will, in pieces of one size.
class SentBytes final : public Stream {
 public:
  SentBytes(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}
  void set_read_timeout(std::chrono::milliseconds) override {}
  void set_write_timeout(std::chrono::milliseconds) override {}
  std::size_t read(std::span<char> room) override {
    const std::size_t count = bytes_.copy(room.data(), std::min(room.size(), piece_));
    bytes_.remove_prefix(count);
    return count;
  }
  std::size_t write_some(std::string_view bytes, bool) override { return bytes.size(); }
  std::size_t send_some(const OpenFile&, std::uint64_t, std::size_t size) override { return size; }
  std::uint64_t untaken() const override { return 0; }
  void end_writing() override {}

 private:
  std::string_view bytes_;
  std::size_t piece_;
};

const Router& router() {
  static const Router made = [] {
    Router out;
    const Handler nothing = [](const HttpRequest&) -> Answer { return text_response(""); };
    testing::SmallHub hub;
    for (const auto& [method, pattern] : Dispatcher(hub.state).router().patterns()) {
      out.add(method, pattern, nothing);
    }
    return out;
  }();
  return made;
}

/// A name that passes is one that git and a folder on any system can take.
void look_at_name(const std::string& text) {
  check(text.find('\0') == std::string::npos);
  if (git::Repository::is_valid_ref_name("refs/heads/" + text)) {
    check(text.find("..") == std::string::npos && text.find('\\') == std::string::npos);
  }
  if (problem_of_repo_path(text)) return;
  for (const char* never : {"\\", "//", "/../"}) {
    check(("/" + text + "/").find(never) == std::string::npos);
  }
}

void look_at_range(const HttpRequest& request) {
  constexpr std::uint64_t kSize = 1000;
  const auto range = parse_range(request.header("Range"), kSize);
  if (const auto* part = std::get_if<ByteRange>(&range)) {
    check(part->first <= part->last && part->last < kSize);
  }
}

void look_at(HttpRequest& request) {
  look_at_range(request);
  try {
    parse_target(request.raw_target, request);
    router().find(request);
  } catch (const ApiError&) {
    return;
  }
  for (const auto& [name, text] : request.captures) look_at_name(text);
}

/// What a connection makes of the bytes: each request's target, and its body if that has an end.
std::string read_all(std::string_view bytes, std::size_t piece) {
  SentBytes stream(bytes, piece);
  const HttpOptions options;
  RequestReader reader(stream, options);
  std::string seen;
  try {
    while (reader.wait(std::chrono::seconds(1))) {
      HttpRequest request;
      reader.read_head(request);
      seen += request.method + " " + request.raw_target + "\n";
      look_at(request);
      std::string whole;
      for (auto body = reader.read_body(); !body.empty(); body = reader.read_body()) {
        whole.append(reinterpret_cast<const char*>(body.data()), body.size());
      }
      seen += whole;
      if (!reader.keeps_alive()) break;
    }
  } catch (const ApiError& error) {
    check(error.status() >= 400 && error.status() < 600);
    seen += "no more";
  } catch (const ConnectionLost&) {
    seen += "no more";  // the reader may wait for bytes before it looks at the last ones
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_all(bytes, bytes.size() + 1);
  // However the network cuts it, it is the same requests.
  check(read_all(bytes, 1) == whole || size > 4096);
  return 0;
}
