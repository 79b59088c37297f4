#include "http/curl_call.h"
#include "torchhub/http/transport.h"
#include "torchhub/http/url.h"

#include <curl/curl.h>

#include <mutex>
#include <vector>

namespace torchhub {
namespace {

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) { start_curl_once(); }

  Response send(const Request& request, std::stop_token stop) override {
    if (stop.stop_requested()) throw cancelled(request);
    std::unique_ptr<CurlHandles> handles = take();
    // An exception drops the handles and so the connection, whose state is unknown then.
    Response response = CurlCall(*handles, request, options_, stop).run();
    give_back(std::move(handles));
    return response;
  }

 private:
  std::unique_ptr<CurlHandles> take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return std::make_unique<CurlHandles>();
    // The latest to come back: its connection is the least likely to have been closed meanwhile.
    std::unique_ptr<CurlHandles> handles = std::move(idle_.back());
    idle_.pop_back();
    return handles;
  }

  void give_back(std::unique_ptr<CurlHandles> handles) {
    constexpr std::size_t kMostIdle = 16;
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(handles));
  }

  const CurlOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlHandles>> idle_;  // guarded by mutex_
};

}  // namespace

std::shared_ptr<Transport> make_curl_transport(CurlOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace torchhub
