#include "torchhub/server/server.h"

#include "server/api/dispatcher.h"
#include "server/http/listener.h"
#include "server/http/mhd_server.h"
#include "server/hub_state.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>

namespace torchhub {
namespace {

std::string without_end_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

ServerOptions checked(ServerOptions options) {
  if (!options.base_url) return options;
  options.base_url = without_end_slash(*options.base_url);
  if (options.base_url->starts_with("http://") || options.base_url->starts_with("https://")) {
    return options;
  }
  throw InvalidArgumentError(
      fmt::format("base_url '{}' must start with http:// or https://.", *options.base_url));
}

}  // namespace

struct Server::Impl {
  explicit Impl(ServerOptions options)
      : listener(options.listen), hub(checked(std::move(options))), dispatcher(hub) {
    if (hub.options.test_mode && !listener.is_loopback()) {
      throw ListenError("Test mode listens on loopback addresses only. Use 127.0.0.1.");
    }
    hub.own_url = listener.url();
    port = listener.port();
    base_url = hub.options.base_url.value_or(hub.own_url);
    http.emplace(listener, server::MhdOptions{.max_connections = hub.options.max_connections},
                 dispatcher);
  }

  void stop(bool wait) {
    const std::lock_guard lock(mutex);
    if (!http) return;
    http->quiesce();
    if (wait && !http->wait_until_idle(hub.options.grace, hub.options.upload_grace)) {
      log::warning("requests_cut_off_at_stop");
    }
    hub.stop.request_stop();
    http.reset();
  }

  server::Listener listener;
  server::HubState hub;
  server::Dispatcher dispatcher;
  std::string base_url;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::optional<server::MhdServer> http;  // guarded by mutex; last member: its threads use the rest
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() { stop(); }

const std::string& Server::base_url() const { return impl_->base_url; }
std::uint16_t Server::port() const { return impl_->port; }
void Server::stop() { impl_->stop(true); }
void Server::stop_now() { impl_->stop(false); }

}  // namespace torchhub
