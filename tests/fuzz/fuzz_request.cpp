// What a stranger sends to the server: heads, targets, bodies and chunks, in pieces of any size,
// and what the router makes of the path.

#include "server/http/api_error.h"
#include "server/http/request_reader.h"
#include "server/http/router.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

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
  void write(std::string_view, bool) override {}
  void send_file(const FileBody&) override {}
  void end_writing() override {}

 private:
  std::string_view bytes_;
  std::size_t piece_;
};

const Router& router() {
  static const Router made = [] {
    Router out;
    const Handler nothing = [](const HttpRequest&) -> Answer { return text_response(""); };
    for (const char* pattern :
         {"/api/{type}/{repo}/tree/{rev}/{path...}", "/api/{type}/{repo}", "/healthz",
          "/{web}/{repo}/resolve/{rev}/{path...}", "/{web}/{repo}/info/refs"}) {
      out.add("GET", pattern, nothing);
    }
    return out;
  }();
  return made;
}

void look_at(HttpRequest& request) {
  try {
    parse_target(request.raw_target, request);
    router().find(request);
  } catch (const ApiError&) {
    return;
  }
  for (const auto& [name, text] : request.captures) {
    check(text.find('\0') == std::string::npos);
  }
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
