#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace torchhub {

/// Header fields in order; names compare without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void add(std::string name, std::string value);
  void remove(std::string_view name);
  /// The first field of that name.
  std::optional<std::string> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Bytes [offset, offset + size) of a file, read while they are sent.
struct FileSlice {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Nothing, bytes in memory, or a piece of a file.
using RequestBody = std::variant<std::monostate, std::string, FileSlice>;

/// Told on the thread that makes the call, between chunks.
using ByteProgress = std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)>;

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers = {};
  RequestBody body = std::monostate{};

  /// No byte sent or received for this long ends the call with ConnectionError.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  /// The whole call; zero means no limit.
  std::chrono::milliseconds total_timeout = std::chrono::milliseconds(0);

  /// May the request be sent again when its fate is unknown? GET, HEAD and PUT of the same bytes
  /// may. If not, it travels on a fresh connection too: libcurl repeats by itself what was lost on
  /// a reused one.
  bool safe_to_repeat = true;

  /// Receives a 2xx answer's body instead of Response::body. Called on the calling thread. An
  /// exception it throws ends the call and reaches the caller.
  std::function<void(std::span<const std::byte>)> sink = {};
  /// Called once when the head of a 2xx answer is complete, before the first byte goes to `sink`.
  std::function<void(const struct Response&)> on_headers = {};
  ByteProgress upload_progress = {};
};

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};
  /// Where the answer came from. Redirects are never followed by a transport.
  std::string url = {};

  bool ok() const { return status >= 200 && status < 300; }
};

}  // namespace torchhub
