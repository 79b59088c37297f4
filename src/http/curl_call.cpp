#include "http/curl_call.h"

#include "torchhub/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <new>
#include <unistd.h>

namespace torchhub {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Error pages are short; more than this of one is noise.
constexpr std::size_t kMostErrorBytes = 1 << 20;

std::string where(const Request& request) {
  return request.method + " " + std::string(without_query(request.url));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string reason(CURLcode code, std::string_view detail) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return "could not connect. Check the address and that the server is running";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the host name was not found. Check its spelling and your network";
    case CURLE_OPERATION_TIMEDOUT:
      return "it took too long. Check your network, or allow more time";
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return "the connection broke off. Try again";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return fmt::format(
          "its certificate was not accepted ({}). Check the clock and the CA bundle "
          "(SSL_CERT_FILE)",
          detail);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "the URL is not valid. Check the endpoint; it must start with http:// or https://";
    default:
      return fmt::format("{}. Check your network and try again", detail);
  }
}

}  // namespace

CurlHandles::CurlHandles() : easy(curl_easy_init()), multi(curl_multi_init()) {
  if (easy == nullptr || multi == nullptr) throw std::bad_alloc();
}

CurlHandles::~CurlHandles() {
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

CancelledError cancelled(const Request& request) {
  return CancelledError("Cancelled during " + where(request) + ".");
}

CurlCall::CurlCall(CurlHandles& handles, const Request& request, const CurlOptions& options,
                   std::stop_token stop)
    : easy_(handles.easy), multi_(handles.multi), request_(request), stop_(std::move(stop)) {
  try {
    set_up(options);
  } catch (...) {
    curl_slist_free_all(header_list_);
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

CurlCall::~CurlCall() {
  curl_multi_remove_handle(multi_, easy_);
  curl_easy_reset(easy_);  // nothing may point into this call any more
  curl_slist_free_all(header_list_);
  if (file_ >= 0) ::close(file_);
}

template <typename Work>
bool CurlCall::guarded(Work work) noexcept {
  try {
    work();
    return true;
  } catch (...) {  // C code lies between here and run(), which throws it again
    failure_ = std::current_exception();
    return false;
  }
}

void CurlCall::set_up(const CurlOptions& options) {
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.total_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
  if (options.ca_file) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file->c_str());
  if (!request_.safe_to_repeat) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);

  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(
      easy_, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<CurlCall*>(self)->on_header({data, size});
      });
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(
      easy_, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<CurlCall*>(self)->on_body(std::as_bytes(std::span(data, size)));
      });
  curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(
      easy_, CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t received, curl_off_t to_send, curl_off_t sent) {
        auto* call = static_cast<CurlCall*>(self);
        return call->guarded([&] {
          call->on_progress(static_cast<std::uint64_t>(received), static_cast<std::uint64_t>(sent),
                            static_cast<std::uint64_t>(to_send));
        })
                   ? 0
                   : 1;
      });
  set_up_method();
  for (const auto& [name, value] : request_.headers.fields()) {
    // An empty value must be written with a semicolon, or libcurl takes the header out.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    header_list_ = curl_slist_append(header_list_, line.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
}

void CurlCall::set_up_method() {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body = !std::holds_alternative<std::monostate>(request_.body);
  if (has_body || request_.method == "POST" || request_.method == "PUT") set_up_body();
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlCall::set_up_body() {
  if (const auto* slice = std::get_if<FileSlice>(&request_.body)) {
    file_ = ::open(slice->path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) throw_file_error("read", slice->path, errno);
    body_size_ = slice->size;
  } else if (const auto* text = std::get_if<std::string>(&request_.body)) {
    body_size_ = text->size();
  }
  if (request_.method == "PUT") {
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_size_));
  } else {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_size_));
  }
  if (!request_.headers.get("Content-Type")) {
    header_list_ = curl_slist_append(header_list_, "Content-Type:");  // libcurl would send a form's
  }
  curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  curl_easy_setopt(
      easy_, CURLOPT_READFUNCTION,
      +[](char* data, std::size_t size, std::size_t count, void* self) {
        return static_cast<CurlCall*>(self)->on_read({data, size * count});
      });
  curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(
      easy_, CURLOPT_SEEKFUNCTION, +[](void* self, curl_off_t offset, int origin) {
        const bool done = origin == SEEK_SET &&
                          static_cast<CurlCall*>(self)->on_seek(static_cast<std::uint64_t>(offset));
        return done ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
      });
}

Response CurlCall::run() {
  const std::stop_callback wake(stop_, [this] { curl_multi_wakeup(multi_); });
  const CURLcode code = drive();
  if (failure_) std::rethrow_exception(failure_);
  if (code != CURLE_OK) fail(code, false);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.url = request_.url;
  return std::move(response_);
}

CURLcode CurlCall::drive() {
  curl_multi_add_handle(multi_, easy_);
  last_byte_ = steady_clock::now();
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running == 0) break;
    if (stop_.stop_requested()) throw cancelled(request_);
    const auto silent = std::chrono::duration_cast<milliseconds>(steady_clock::now() - last_byte_);
    if (silent >= request_.stall_timeout) fail(CURLE_OPERATION_TIMEDOUT, true);
    const milliseconds longest =
        std::min<milliseconds>(request_.stall_timeout - silent, std::chrono::seconds(10));
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(longest.count()) + 1, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return CURLE_FAILED_INIT;
}

void CurlCall::fail(CURLcode code, bool stalled) const {
  const std::string_view detail =
      error_text_[0] != '\0' ? trimmed(error_text_.data()) : curl_easy_strerror(code);
  const std::string why =
      stalled ? fmt::format(
                    "nothing was sent or received for {} ms. Check your network and the "
                    "server, or allow more time",
                    request_.stall_timeout.count())
              : reason(code, detail);
  const std::string origin = origin_of(request_.url);
  throw ConnectionError(fmt::format("No answer from {} to {}: {}.",
                                    origin.empty() ? "the server" : origin, where(request_), why),
                        std::string(without_query(request_.url)));
}

std::size_t CurlCall::on_header(std::string_view line) {
  const std::size_t taken = line.size();
  last_byte_ = steady_clock::now();
  if (line.starts_with("HTTP/") && line.find(':') == std::string_view::npos) {
    response_.headers = {};  // of this answer, not of a "100 Continue" before it
    head_complete_ = false;
    return taken;
  }
  line = trimmed(line);
  if (line.empty()) return guarded([this] { head_complete(); }) ? taken : 0;
  if (const auto colon = line.find(':'); colon != std::string_view::npos && !head_complete_) {
    response_.headers.add(std::string(trimmed(line.substr(0, colon))),
                          std::string(trimmed(line.substr(colon + 1))));
  }
  return taken;
}

void CurlCall::head_complete() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || head_complete_) return;
  head_complete_ = true;
  response_.status = static_cast<int>(status);
  response_.url = request_.url;
  if (request_.on_headers && response_.ok()) request_.on_headers(response_);
}

std::size_t CurlCall::on_body(std::span<const std::byte> bytes) {
  const bool wanted = guarded([&] {
    if (request_.sink && response_.ok()) return request_.sink(bytes);
    const std::size_t room =
        response_.ok() ? bytes.size()
                       : kMostErrorBytes - std::min(kMostErrorBytes, response_.body.size());
    response_.body.append(reinterpret_cast<const char*>(bytes.data()),
                          std::min(room, bytes.size()));
  });
  return wanted ? bytes.size() : CURL_WRITEFUNC_ERROR;
}

std::size_t CurlCall::on_read(std::span<char> buffer) {
  const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), body_size_ - body_sent_);
  if (const auto* text = std::get_if<std::string>(&request_.body)) {
    std::copy_n(text->data() + body_sent_, wanted, buffer.data());
    body_sent_ += wanted;
    return wanted;
  }
  const auto* slice = std::get_if<FileSlice>(&request_.body);
  if (slice == nullptr || wanted == 0) return 0;
  ssize_t count = 0;
  const bool fine = guarded([&] {
    do {
      count = ::pread(file_, buffer.data(), wanted, static_cast<off_t>(slice->offset + body_sent_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) throw_file_error("read", slice->path, errno);
    if (count == 0) {
      throw FileError(fmt::format("'{}' became shorter while it was sent. Leave it alone until "
                                  "the upload is done.",
                                  slice->path.string()),
                      slice->path);
    }
  });
  if (!fine) return CURL_READFUNC_ABORT;
  body_sent_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

bool CurlCall::on_seek(std::uint64_t offset) {
  if (offset > body_size_) return false;
  body_sent_ = offset;
  return true;
}

void CurlCall::on_progress(std::uint64_t received, std::uint64_t sent, std::uint64_t to_send) {
  if (received + sent == bytes_moved_) return;
  bytes_moved_ = received + sent;
  last_byte_ = steady_clock::now();
  if (request_.upload_progress && to_send > 0) request_.upload_progress(sent, to_send);
}

}  // namespace torchhub
