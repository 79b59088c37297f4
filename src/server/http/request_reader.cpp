#include "server/http/request_reader.h"

#include "server/http/api_error.h"
#include "server/http/head_rules.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace torchhub::server {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t kHeadRoom = 4096;
constexpr std::size_t kBodyRoom = std::size_t{256} << 10;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kShortestEnd = "0\r\n\r\n";  // of a chunked body

[[noreturn]] void refuse(const std::string& what) {
  throw ApiError(400, "This is not a request that HTTP/1.1 allows: " + what + ".");
}

void copy_fields(const beast_http::fields& fields, HttpRequest& request) {
  for (const auto& field : fields) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
}

}  // namespace

struct RequestReader::Parser {
  beast_http::request_parser<beast_http::buffer_body> beast;

  /// @return how many bytes it took
  std::size_t put(std::string_view bytes, boost::beast::error_code& error) {
    return beast.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  }
};

RequestReader::RequestReader(Stream& stream, const HttpOptions& options)
    : stream_(stream), options_(options) {}
RequestReader::~RequestReader() = default;

bool RequestReader::wait(std::chrono::milliseconds timeout) {
  if (!buffer_.empty()) return true;
  stream_.set_read_timeout(timeout);
  buffer_.resize(kHeadRoom);
  try {
    buffer_.resize(stream_.read(buffer_));
  } catch (const ConnectionLost&) {
    buffer_.clear();
  }
  return !buffer_.empty();
}

std::size_t RequestReader::fill_head(Time deadline) {
  const std::size_t old = buffer_.size();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) throw ApiError(408, "The request's head took too long.");
  stream_.set_read_timeout(left);
  buffer_.resize(old + kHeadRoom);
  try {
    buffer_.resize(old + stream_.read(std::span(buffer_).subspan(old)));
  } catch (const ConnectionTimedOut&) {
    throw ApiError(408, "The request's head took too long.");
  }
  if (buffer_.size() == old) throw ConnectionLost("The client left in the middle of a head.");
  return old;
}

/// RFC 9112 section 2.2: a client may send some before a request. @return whether there were any
bool RequestReader::skip_empty_lines() {
  std::size_t end = 0;
  while (buffer_.compare(end, kLineEnd.size(), kLineEnd) == 0) end += kLineEnd.size();
  buffer_.erase(0, end);
  return end > 0;
}

void RequestReader::read_head(HttpRequest& request) {
  const Time deadline = std::chrono::steady_clock::now() + options_.head_timeout;
  skip_empty_lines();
  std::size_t end = buffer_.find(kHeadEnd);
  while (end == std::string::npos) {
    need_head_within_limits(buffer_, options_);
    const std::size_t old = fill_head(deadline);
    const bool skipped = skip_empty_lines();
    end = buffer_.find(kHeadEnd, skipped ? 0 : old - std::min(old, kHeadEnd.size() - 1));
  }
  const std::string_view head = std::string_view(buffer_).substr(0, end + kHeadEnd.size());
  need_head_within_limits(head, options_);
  need_unambiguous_lines(head);

  parser_ = std::make_unique<Parser>();
  parser_->beast.header_limit(static_cast<std::uint32_t>(options_.max_head_bytes + 1));
  parser_->beast.body_limit(std::numeric_limits<std::uint64_t>::max());  // handlers know theirs
  boost::beast::error_code error;
  const std::size_t taken = parser_->put(head, error);
  const bool wants_body = error == beast_http::error::need_buffer;  // it looks for the body at once
  if (error == beast_http::error::bad_version) refuse_version();
  if (error && !wants_body) refuse(error.message());
  parser_->beast.eager(true);
  const auto& message = parser_->beast.get();
  request.method = std::string(message.method_string());
  request.raw_target = std::string(message.target());
  copy_fields(message.base(), request);
  buffer_.erase(0, taken);

  need_one_meaning(request, message.version());
  request.chunked = parser_->beast.chunked();
  if (const auto length = parser_->beast.content_length()) request.content_length = *length;
  plain_left_ = request.chunked ? std::nullopt : std::optional(request.content_length.value_or(0));
  body_bytes_ = 0;
  window_bytes_ = 0;
  window_start_ = std::chrono::steady_clock::now();
}

bool RequestReader::keeps_alive() const { return parser_ && parser_->beast.get().keep_alive(); }

bool RequestReader::is_http_1_0() const {
  constexpr unsigned kOneZero = 10;
  return parser_ && parser_->beast.get().version() == kOneZero;
}

std::optional<std::uint64_t> RequestReader::body_left() const { return plain_left_; }

std::size_t RequestReader::read_with_progress(std::span<char> room) {
  const auto now = std::chrono::steady_clock::now();
  if (now - window_start_ > options_.body_window) {
    if (window_bytes_ < options_.min_body_bytes) {
      throw ApiError(408, "The request's body came too slowly.");
    }
    window_start_ = now;
    window_bytes_ = 0;
  }
  std::size_t count = 0;
  try {
    count = stream_.read(room);
  } catch (const ConnectionTimedOut&) {
    throw ApiError(408, "The request's body came too slowly.");
  }
  if (count == 0) throw ConnectionLost("The client left in the middle of a body.");
  window_bytes_ += count;
  return count;
}

void RequestReader::hurry(std::chrono::milliseconds patience) {
  if (plain_left_ == 0U) return;
  room_.resize(kBodyRoom);
  stream_.set_read_timeout(patience);
}

std::span<const std::byte> RequestReader::read_body() {
  if (room_.empty()) hurry(options_.body_window);
  const auto bytes = plain_left_ ? read_plain() : read_chunked();
  body_bytes_ += bytes.size();
  if (bytes.empty()) std::string().swap(room_);
  return bytes;
}

std::span<const std::byte> RequestReader::read_plain() {
  const auto room = std::span(room_).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(*plain_left_, room_.size())));
  if (room.empty()) return {};
  std::size_t count = buffer_.copy(room.data(), room.size());
  buffer_.erase(0, count);
  if (count == 0) count = read_with_progress(room);
  *plain_left_ -= count;
  return std::as_bytes(room.first(count));
}

void RequestReader::read_more_chunks() {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  if (buffer_.size() > kPiece) refuse("a chunk's line is too long");
  const std::size_t old = buffer_.size();
  buffer_.resize(old + kPiece);
  buffer_.resize(old + read_with_progress(std::span(buffer_).subspan(old)));
}

std::span<const std::byte> RequestReader::read_chunked() {
  auto& body = parser_->beast.get().body();
  while (!parser_->beast.is_done()) {
    if (buffer_.size() < kShortestEnd.size()) {
      read_more_chunks();  // Beast asserts that a last chunk it saw in part comes with five bytes
      continue;
    }
    body.data = room_.data();
    body.size = room_.size();
    boost::beast::error_code error;
    const std::size_t taken = parser_->put(buffer_, error);
    buffer_.erase(0, taken);
    const std::size_t count = room_.size() - body.size;
    const bool hungry =
        !error || error == beast_http::error::need_more || error == beast_http::error::need_buffer;
    if (!hungry) refuse(error.message());
    if (count > 0) return std::as_bytes(std::span(room_).first(count));
    if (error == beast_http::error::need_more) read_more_chunks();
  }
  return {};
}

}  // namespace torchhub::server
