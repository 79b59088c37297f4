#include "server/http/mhd_server.h"

#include "server/http/api_error.h"
#include "torchhub/base/log.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>
#include <microhttpd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <optional>
#include <poll.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <variant>

namespace torchhub::server {
namespace {

/// A refused body up to this size is read and dropped, so that the connection lives on and clients
/// that do not read while they write see the answer. Beyond, the answer is sent at once and the
/// connection closed.
constexpr std::uint64_t kDrainBytes = std::uint64_t{16} << 20;
/// How much a connection closed early is still read.
constexpr std::size_t kLingerBytes = std::size_t{256} << 20;
/// Request line and headers live here, and the pieces in which a body comes. Only touched pages
/// count.
constexpr std::size_t kConnectionMemory = std::size_t{128} << 10;
constexpr std::size_t kStackBytes = std::size_t{1} << 20;

/// One request from its first line to the last byte of its answer.
struct Exchange {
  HttpRequest request;
  std::unique_ptr<BodyConsumer> consumer = nullptr;
  std::optional<HttpResponse> response = std::nullopt;
  std::uint64_t drained = 0;
  bool begun = false;
  bool upload = false;
  bool linger = false;  ///< Answered before its body came; the connection closes after it.
  bool bad_target = false;
  std::string bad_target_reason = {};
};

int descriptor_of(MHD_Connection* connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/// Reads on after an early answer, so that the kernel does not wipe the answer with a reset. Runs
/// on the connection's own thread, so that nobody else waits; the limit on connections bounds how
/// many do so at once. Stopping the server shuts the socket down, which ends this too.
void linger(int descriptor, std::chrono::milliseconds time) {
  // libmicrohttpd 0.9.75 has done this by now, later versions do it afterwards.
  ::shutdown(descriptor, SHUT_WR);
  const auto deadline = std::chrono::steady_clock::now() + time;
  std::array<char, 1 << 16> waste;
  for (std::size_t total = 0; total < kLingerBytes;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{descriptor, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return;
    const ssize_t count = ::recv(descriptor, waste.data(), waste.size(), MSG_DONTWAIT);
    if (count <= 0) return;
    total += static_cast<std::size_t>(count);
  }
}

void read_body_length(HttpRequest& request) {
  const std::string length = request.header("Content-Length");
  std::uint64_t value = 0;
  const auto result = std::from_chars(length.data(), length.data() + length.size(), value);
  if (!length.empty() && result.ec == std::errc()) request.content_length = value;
  request.chunked = request.headers.get("Transfer-Encoding").has_value();
}

MHD_Result add_header(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HttpRequest*>(request)->headers.add(name, value != nullptr ? value : "");
  return MHD_YES;
}

ssize_t read_source(void* source, std::uint64_t, char* room, std::size_t size) {
  try {
    const std::size_t count = static_cast<BodySource*>(source)->read({room, size});
    return count == 0 ? static_cast<ssize_t>(MHD_CONTENT_READER_END_OF_STREAM)
                      : static_cast<ssize_t>(count);
  } catch (const std::exception& error) {
    log::warning("answer_cut_off", {{"error", error.what()}});
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
}

void free_source(void* source) { delete static_cast<BodySource*>(source); }
void free_text(void* text) { delete static_cast<std::string*>(text); }
ssize_t read_nothing(void*, std::uint64_t, char*, std::size_t) {
  return MHD_CONTENT_READER_END_WITH_ERROR;
}

// What a response owns stays ours if the response cannot be made.

MHD_Response* make_body(std::string text) {
  auto owned = std::make_unique<std::string>(std::move(text));
  MHD_Response* response = MHD_create_response_from_buffer_with_free_callback_cls(
      owned->size(), owned->data(), &free_text, owned.get());
  if (response != nullptr) owned.release();
  return response;
}

MHD_Response* make_body(FileBody file) {
  MHD_Response* response =
      MHD_create_response_from_fd_at_offset64(file.size, file.file.descriptor(), file.offset);
  if (response != nullptr) file.file.release();
  return response;
}

MHD_Response* make_body(std::unique_ptr<BodySource> source) {
  constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  MHD_Response* response = MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, kBlockBytes, &read_source, source.get(), &free_source);
  if (response != nullptr) source.release();
  return response;
}

MHD_Response* make_body(BodySize body) {
  return MHD_create_response_from_callback(body.size, 1024, &read_nothing, nullptr, nullptr);
}

}  // namespace

struct MhdServer::Impl {
  Impl(MhdOptions o, RequestHandler& h) : options(o), handler(h) {}

  MhdOptions options;
  RequestHandler& handler;
  MHD_Daemon* daemon = nullptr;
  int listen_descriptor = -1;
  std::atomic<bool> closing = false;

  std::mutex mutex;
  std::condition_variable_any idle;
  unsigned under_way = 0;  // guarded by mutex
  unsigned uploads = 0;    // guarded by mutex

  void count(int requests, int upload_requests) {
    const std::lock_guard lock(mutex);
    under_way += static_cast<unsigned>(requests);
    uploads += static_cast<unsigned>(upload_requests);
    idle.notify_all();
  }

  Exchange* start(const char* target) {
    auto exchange = std::make_unique<Exchange>();
    try {
      parse_target(target, exchange->request);
    } catch (const ApiError& error) {
      exchange->bad_target = true;
      exchange->bad_target_reason = error.what();
    }
    count(1, 0);
    return exchange.release();
  }

  void begin(MHD_Connection* connection, const char* method, Exchange& exchange) {
    HttpRequest& request = exchange.request;
    request.method = method;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request);
    read_body_length(request);
    exchange.begun = true;
    Answer answer = exchange.bad_target
                        ? handler.failed(request, ApiError(400, exchange.bad_target_reason))
                        : handler.begin(request);
    if (std::holds_alternative<HttpResponse>(answer)) {
      exchange.response = std::get<HttpResponse>(std::move(answer));
    } else {
      exchange.consumer = std::get<std::unique_ptr<BodyConsumer>>(std::move(answer));
      exchange.upload = request.has_body();
      if (exchange.upload) count(0, 1);
    }
  }

  bool must_refuse_at_once(const Exchange& exchange) const {
    const HttpRequest& request = exchange.request;
    if (!exchange.response || !request.has_body()) return false;
    return request.headers.get("Expect").has_value() ||
           request.content_length.value_or(0) > kDrainBytes;
  }

  /// @return false if the connection is to be cut
  bool take(Exchange& exchange, std::string_view bytes) {
    if (exchange.consumer) {
      try {
        exchange.consumer->take(std::as_bytes(std::span(bytes)));
        return true;
      } catch (const std::exception& error) {
        exchange.response = handler.failed(exchange.request, error);
        exchange.consumer.reset();
      }
    }
    exchange.drained += bytes.size();
    // libmicrohttpd cannot answer in the middle of a body.
    return exchange.drained <= kLingerBytes;
  }

  MHD_Result answer(MHD_Connection* connection, Exchange& exchange) {
    if (!exchange.response) {
      try {
        exchange.response = exchange.consumer->finish();
      } catch (const std::exception& error) {
        exchange.response = handler.failed(exchange.request, error);
      }
      exchange.consumer.reset();
    }
    handler.decorate(exchange.request, *exchange.response);
    return queue(connection, *exchange.response);
  }

  MHD_Result queue(MHD_Connection* connection, HttpResponse& answer) {
    MHD_Response* response =
        std::visit([](auto& body) { return make_body(std::move(body)); }, answer.body);
    if (response == nullptr) return MHD_NO;
    for (const auto& [name, value] : answer.headers.fields()) {
      MHD_add_response_header(response, name.c_str(), value.c_str());
    }
    if (closing) MHD_add_response_header(response, "Connection", "close");
    const MHD_Result result =
        MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
    MHD_destroy_response(response);
    return result;
  }

  MHD_Result handle(MHD_Connection* connection, const char* method, const char* data,
                    std::size_t* size, Exchange& exchange) {
    if (!exchange.begun) {
      begin(connection, method, exchange);
      exchange.linger = must_refuse_at_once(exchange);
      return exchange.linger ? answer(connection, exchange) : MHD_YES;
    }
    if (*size == 0) return answer(connection, exchange);
    const bool go_on = take(exchange, {data, *size});
    *size = 0;
    return go_on ? MHD_YES : MHD_NO;
  }

  static void* on_target(void* self, const char* target, MHD_Connection*) {
    return static_cast<Impl*>(self)->start(target);
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char*,
                               const char* method, const char*, const char* data, std::size_t* size,
                               void** exchange) {
    auto* impl = static_cast<Impl*>(self);
    // The idle timer must not run while a handler works: it starts anew when set from zero.
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    const MHD_Result result =
        impl->handle(connection, method, data, size, *static_cast<Exchange*>(*exchange));
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              static_cast<unsigned>(impl->options.idle_timeout.count()));
    return result;
  }

  static void on_completed(void* self, MHD_Connection* connection, void** slot,
                           MHD_RequestTerminationCode) {
    const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*slot));
    *slot = nullptr;
    if (!exchange) return;
    auto* impl = static_cast<Impl*>(self);
    const int upload = exchange->upload ? 1 : 0;
    exchange->consumer.reset();  // a body cut off is cleaned up before the request counts as over
    impl->count(-1, -upload);
    if (exchange->linger) linger(descriptor_of(connection), impl->options.linger_time);
  }

  static void on_connection(void* self, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode code) {
    if (code != MHD_CONNECTION_NOTIFY_STARTED) return;
    // libmicrohttpd has no deadline for a whole head, only for silence. on_request() sets the
    // longer time for a connection that has shown that it speaks HTTP.
    const auto time = static_cast<Impl*>(self)->options.first_head_timeout;
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              static_cast<unsigned>(time.count()));
  }

  static void on_log(void*, const char* format, va_list arguments) {
    std::array<char, 512> text;
    std::vsnprintf(text.data(), text.size(), format, arguments);
    log::debug("http", {{"text", std::string_view(text.data())}});
  }
};

MhdServer::MhdServer(Listener& listener, MhdOptions options, RequestHandler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {
  impl_->listen_descriptor = listener.descriptor();
  impl_->daemon = MHD_start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC |
          MHD_USE_ERROR_LOG,
      0, nullptr, nullptr, &Impl::on_request, impl_.get(),              //
      MHD_OPTION_EXTERNAL_LOGGER, &Impl::on_log, nullptr,               //
      MHD_OPTION_LISTEN_SOCKET, listener.descriptor(),                  //
      MHD_OPTION_URI_LOG_CALLBACK, &Impl::on_target, impl_.get(),       //
      MHD_OPTION_NOTIFY_COMPLETED, &Impl::on_completed, impl_.get(),    //
      MHD_OPTION_NOTIFY_CONNECTION, &Impl::on_connection, impl_.get(),  //
      MHD_OPTION_CONNECTION_LIMIT, options.max_connections,             //
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, options.max_connections_per_address,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory,  //
      MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,              //
      MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.idle_timeout.count()),
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (impl_->daemon == nullptr) {
    throw ListenError(fmt::format(
        "Cannot start answering on {}: libmicrohttpd refused. Check the limits on threads and open "
        "files.",
        listener.url()));
  }
  listener.release();
}

MhdServer::~MhdServer() {
  quiesce();
  MHD_stop_daemon(impl_->daemon);
  ::close(impl_->listen_descriptor);
}

bool MhdServer::has_head_timeout() { return MHD_VERSION < 0x01000000; }

void MhdServer::quiesce() {
  if (impl_->closing.exchange(true)) return;
  MHD_quiesce_daemon(impl_->daemon);
  // New clients are refused at once rather than left waiting. Closed only when libmicrohttpd's
  // thread is gone: it may still poll the number, which another file could have by then.
  ::shutdown(impl_->listen_descriptor, SHUT_RDWR);
}

bool MhdServer::wait_until_idle(std::chrono::milliseconds grace,
                                std::chrono::milliseconds upload_grace, std::stop_token stop) {
  std::unique_lock lock(impl_->mutex);
  const auto no_requests = [this] { return impl_->under_way == 0; };
  if (impl_->idle.wait_for(lock, stop, grace, no_requests)) return true;
  if (upload_grace > grace) {
    const auto no_uploads = [this] { return impl_->uploads == 0; };
    impl_->idle.wait_for(lock, stop, upload_grace - grace, no_uploads);
  }
  return impl_->under_way == 0;
}

}  // namespace torchhub::server
