#pragma once

#include "torchhub/http/transport.h"

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <exception>
#include <stop_token>

namespace torchhub {

/// An easy handle for one request at a time and the multi handle that drives it and keeps its
/// connections. A multi handle, because curl_multi_wakeup() ends a wait at once when a stop is
/// requested; curl_easy_perform() would notice up to a second later.
struct CurlHandles {
  CurlHandles();
  ~CurlHandles();
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;

  CURL* easy = nullptr;
  CURLM* multi = nullptr;
};

CancelledError cancelled(const Request& request);

/// One request from start to end. Lives on the calling thread's stack.
class CurlCall {
 public:
  CurlCall(CurlHandles& handles, const Request& request, const CurlOptions& options,
           std::stop_token stop);
  ~CurlCall();
  CurlCall(const CurlCall&) = delete;
  CurlCall& operator=(const CurlCall&) = delete;

  /// @throws ConnectionError, CancelledError, what the request's callbacks throw
  Response run();

 private:
  void set_up(const CurlOptions& options);
  void set_up_method();
  void set_up_body();
  CURLcode drive();
  [[noreturn]] void fail(CURLcode code, bool stalled) const;

  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::span<const std::byte> bytes);
  std::size_t on_read(std::span<char> buffer);
  bool on_seek(std::uint64_t offset);
  void on_progress(std::uint64_t received, std::uint64_t sent, std::uint64_t to_send);
  void head_complete();
  /// Runs `work`; keeps its exception for run() and says whether there was none.
  template <typename Work>
  bool guarded(Work work) noexcept;

  CURL* easy_;
  CURLM* multi_;
  const Request& request_;
  std::stop_token stop_;
  Response response_ = {};
  bool head_complete_ = false;
  std::exception_ptr failure_ = nullptr;
  std::uint64_t body_size_ = 0;
  std::uint64_t body_sent_ = 0;  ///< Position of the next byte to send.
  int file_ = -1;
  curl_slist* header_list_ = nullptr;
  std::uint64_t bytes_moved_ = 0;
  std::chrono::steady_clock::time_point last_byte_ = std::chrono::steady_clock::now();
  std::array<char, CURL_ERROR_SIZE> error_text_ = {};
};

}  // namespace torchhub
