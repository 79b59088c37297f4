#pragma once

#include "server/store/open_file.h"
#include "torchhub/http/message.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace torchhub::server {

/// Bytes of a file that go out through sendfile(2).
struct FileBody {
  OpenFile file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Bytes made while they are sent, on the connection's own thread, so it may wait.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills the front of `room`; 0 is the end. An exception cuts the connection, so that the client
  /// notices.
  virtual std::size_t read(std::span<char> room) = 0;
};

/// For HEAD: only how long the body would be.
struct BodySize {
  std::uint64_t size = 0;
};

struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::variant<std::string, FileBody, std::unique_ptr<BodySource>, BodySize> body = std::string();
};

/// Receives a request's body piece by piece on the connection's thread, then answers.
class BodyConsumer {
 public:
  virtual ~BodyConsumer() = default;
  virtual void take(std::span<const std::byte> bytes) = 0;
  virtual HttpResponse finish() = 0;
};

/// What a handler decides when it has seen the head: answer at once (the body is refused), or take
/// the body.
using Answer = std::variant<HttpResponse, std::unique_ptr<BodyConsumer>>;

HttpResponse json_response(const nlohmann::json& value, int status = 200);
HttpResponse text_response(std::string text, int status = 200);

/// Takes a whole body of at most `limit` bytes into memory, then calls `answer`. @throws ApiError
/// 413 from take()
Answer read_body(std::size_t limit, std::function<HttpResponse(std::string)> answer);

/// Undoes gzip before the bytes reach `inner`; refuses more than `limit` bytes with 413.
std::unique_ptr<BodyConsumer> gunzip(std::unique_ptr<BodyConsumer> inner, std::uint64_t limit);

}  // namespace torchhub::server
