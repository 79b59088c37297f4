#include "server/http/connection.h"

#include "server/http/api_error.h"
#include "torchhub/base/log.h"

#include <array>
#include <chrono>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <utility>
#include <variant>

namespace torchhub::server {
namespace {

using std::chrono::steady_clock;

/// A refused body up to this size is read and dropped, so that the connection lives on and clients
/// that do not read while they write see the answer. Beyond, the answer is sent at once and the
/// connection closed.
constexpr std::uint64_t kDrainBytes = std::uint64_t{16} << 20;
/// How much a connection closed early is still read.
constexpr std::size_t kLingerBytes = std::size_t{256} << 20;

}  // namespace

struct ClientConnection::Exchange {
  HttpRequest request = {};
  std::optional<HttpResponse> response = std::nullopt;
  steady_clock::time_point start = steady_clock::now();
  ExchangeFacts facts = {};
  AnswerForm form = {};
  bool upload = false;
  bool body_left = false;  ///< Bytes that nobody reads follow the answer: the connection must end.
};

ClientConnection::ClientConnection(int descriptor, Stream& stream, std::string address,
                                   const HttpOptions& options, RequestHandler& handler,
                                   ConnectionWatch& watch)
    : descriptor_(descriptor),
      stream_(stream),
      address_(std::move(address)),
      options_(options),
      handler_(handler),
      watch_(watch),
      reader_(stream, options),
      writer_(stream, options) {}

void ClientConnection::run() {
  try {
    writer_.begin();
    std::chrono::milliseconds patience = options_.head_timeout;
    while (watch_.waits_for_request() && reader_.wait(patience) && serve_one()) {
      patience = options_.idle_timeout;
    }
  } catch (const std::exception& error) {
    log::debug("connection_ended", {{"error", error.what()}});
  }
}

/// @return whether another request may follow
bool ClientConnection::serve_one() {
  Exchange exchange;
  watch_.request_begins();
  try {
    receive(exchange);
    answer(exchange);
  } catch (const ConnectionLost&) {
    exchange.form.close = true;
  } catch (const std::exception& error) {
    exchange.form.close = true;  // so the client sees that something is missing
    log::warning("answer_cut_off", {{"request", exchange.request.id}, {"error", error.what()}});
  }
  exchange.response.reset();  // what it holds is given back before the request counts as over
  exchange.facts.bytes_in = reader_.body_bytes();
  exchange.facts.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - exchange.start);
  handler_.finished(exchange.request, exchange.facts);
  watch_.request_ends(exchange.upload);
  if (exchange.body_left) linger();
  return !exchange.form.close;
}

void ClientConnection::receive(Exchange& exchange) {
  HttpRequest& request = exchange.request;
  request.remote_address = address_;
  try {
    reader_.read_head(request);
    exchange.form.head_only = request.method == "HEAD";
    exchange.form.http_1_0 = reader_.is_http_1_0();
    exchange.form.close = !reader_.keeps_alive();
    parse_target(request.raw_target, request);
  } catch (const ApiError& error) {  // nobody knows where the next request would begin
    exchange.form.close = exchange.body_left = true;
    exchange.response = handler_.failed(request, error);
    return;
  }
  Answer answer = handler_.begin(request);
  if (auto* consumer = std::get_if<std::unique_ptr<BodyConsumer>>(&answer)) {
    exchange.upload = request.has_body();
    if (exchange.upload) watch_.upload_begins();
    take_body(exchange, **consumer);
    return;
  }
  exchange.response = std::get<HttpResponse>(std::move(answer));
  const bool waits = request.headers.get("Expect").has_value() && request.has_body();
  if (waits || !drain(exchange)) exchange.form.close = exchange.body_left = true;
}

void ClientConnection::take_body(Exchange& exchange, BodyConsumer& consumer) {
  const HttpRequest& request = exchange.request;
  if (request.has_body() && request.headers.get("Expect").has_value()) {
    writer_.write("HTTP/1.1 100 Continue\r\n\r\n", false);
  }
  try {
    std::span<const std::byte> bytes;
    while (next_piece(exchange, bytes)) consumer.take(bytes);
    if (!exchange.response) exchange.response = consumer.finish();
  } catch (const ConnectionLost&) {
    throw;
  } catch (const std::exception& error) {
    exchange.response = handler_.failed(request, error);
    if (!drain(exchange)) exchange.form.close = exchange.body_left = true;
  }
}

/// @return false at the body's end, and for one that is no HTTP, which has its response then
bool ClientConnection::next_piece(Exchange& exchange, std::span<const std::byte>& bytes) {
  try {
    bytes = reader_.read_body();
    return !bytes.empty();
  } catch (const ApiError& error) {
    exchange.form.close = exchange.body_left = true;
    exchange.response = handler_.failed(exchange.request, error);
    return false;
  }
}

bool ClientConnection::drain(Exchange& exchange) {
  if (reader_.body_left().value_or(0) > kDrainBytes) return false;
  try {
    reader_.hurry(options_.linger_time);  // some clients wait for the answer before they go on
    const std::uint64_t start = reader_.body_bytes();
    while (!reader_.read_body().empty()) {
      if (reader_.body_bytes() - start > kDrainBytes) return false;
    }
    return true;
  } catch (const ApiError&) {  // the answer stays the one that the request has earned first
    exchange.form.close = true;
    return false;
  }
}

void ClientConnection::answer(Exchange& exchange) {
  HttpResponse& response = *exchange.response;
  handler_.decorate(exchange.request, response);
  AnswerForm& form = exchange.form;
  form.close = form.close || watch_.is_closing() || !has_visible_end(response, form);
  exchange.facts.status = response.status;
  write_answer(writer_, response, form, exchange.facts.bytes_out);
}

void ClientConnection::linger() {
  // Without it the kernel answers what still comes with a reset, which wipes the answer out of the
  // client's buffer before it is read. Runs on this connection's own thread, so nobody else waits.
  stream_.end_writing();
  const auto deadline = steady_clock::now() + options_.linger_time;
  std::array<char, 1 << 16> waste;
  for (std::size_t total = 0; total < kLingerBytes;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd wait{descriptor_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return;
    const ssize_t count = ::recv(descriptor_, waste.data(), waste.size(), MSG_DONTWAIT);
    if (count <= 0) return;
    total += static_cast<std::size_t>(count);
  }
}

}  // namespace torchhub::server
