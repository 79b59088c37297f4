#include "torchhub/server/server.h"

#include "server/accounts/first_start.h"
#include "server/admin/timed_collection.h"
#include "server/api/dispatcher.h"
#include "server/api/status_server.h"
#include "server/http/http_server.h"
#include "server/http/listener.h"
#include "server/hub_state.h"
#include "server/traffic/base_urls.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

void check_fault_point(const ServerOptions& options) {
  const std::string name = server::FaultPoint(options.fault_point).place();
  if (name.empty()) return;
  if (!options.test_mode) {
    throw InvalidArgumentError(fmt::format(
        "The fault point '{}' would end the server. Fault points need test mode.", name));
  }
  const auto& known = server::kFaultPoints;
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw InvalidArgumentError(fmt::format("There is no fault point '{}'. The fault points are: {}.",
                                         name, fmt::join(known, ", ")));
}

std::unique_ptr<server::TlsContext> tls_of(const ServerOptions& options) {
  if (options.tls_certificate.empty() && options.tls_key.empty()) return nullptr;
  if (options.tls_certificate.empty() || options.tls_key.empty()) {
    throw InvalidArgumentError("HTTPS needs both a certificate and its key.");
  }
  return std::make_unique<server::TlsContext>(
      server::TlsFiles{options.tls_certificate, options.tls_key});
}

ServerOptions checked(ServerOptions options) {
  check_fault_point(options);
  if (!options.base_url && options.listen.starts_with("unix:")) {
    throw InvalidArgumentError(
        "Clients cannot follow links to a Unix socket. Set --base-url to the address that the "
        "proxy in front of it has.");
  }
  if (options.base_url) options.base_url = server::checked_base_url(*options.base_url);
  for (std::string& url : options.more_base_urls) url = server::checked_base_url(url);
  return options;
}

using Listeners = std::vector<std::unique_ptr<server::Listener>>;

Listeners listeners_of(const ServerOptions& options) {
  Listeners out;
  out.push_back(std::make_unique<server::Listener>(options.listen));
  for (const std::string& address : options.more_listen) {
    out.push_back(std::make_unique<server::Listener>(address));
  }
  if (options.test_mode &&
      !std::ranges::all_of(out, [](const auto& listener) { return listener->is_loopback(); })) {
    throw ListenError("Test mode listens on loopback addresses only. Use 127.0.0.1.");
  }
  return out;
}

std::vector<std::string> start_warnings(const server::HubState& hub, const Listeners& listeners) {
  std::vector<std::string> out;
  if (const auto& problem = hub.git.problem()) {
    out.push_back(*problem + " Everything else works.");
  }
  // Not refused: clients on this machine do work, and containers often start so.
  const bool wildcard =
      std::ranges::any_of(listeners, [](const auto& listener) { return listener->is_wildcard(); });
  if (wildcard && !hub.options.base_url) {
    out.push_back(fmt::format(
        "Links in answers start with {}, which other machines cannot open: uploads and downloads "
        "from there will fail. Set --base-url to the address that clients use.",
        hub.own_url));
  }
  return out;
}

}  // namespace

struct Server::Impl {
  explicit Impl(ServerOptions options)
      : listeners(listeners_of(options)),
        tls(tls_of(options)),
        hub(checked(std::move(options))),
        dispatcher(hub) {
    const std::string_view scheme = tls ? "https" : "http";
    const server::Listener& first = *listeners.front();
    hub.own_url = first.is_unix() ? hub.options.base_url.value_or("") : first.url(scheme);
    port = first.port();
    for (const auto& listener : listeners) {
      addresses.push_back(listener->place(scheme));
      if (!listener->is_unix()) hub.own_ports.push_back(std::to_string(listener->port()));
    }
    base_url = hub.options.base_url.value_or(hub.own_url);
    warnings = start_warnings(hub, listeners);
    const unsigned per_address = hub.options.max_connections_per_address;
    http.emplace(listeners,
                 server::HttpOptions{.max_connections = hub.options.max_connections,
                                     .max_connections_per_address = per_address},
                 dispatcher, tls.get());
    hub.load = [running = &*http] {
      return server::HttpLoad{running->connections(), running->uploads()};
    };
    if (!hub.options.metrics_listen.empty()) status.emplace(hub);
    if (hub.options.gc_interval.count() > 0) collection.emplace(hub);
  }

  void stop() {
    const std::lock_guard lock(mutex);
    if (!http) return;
    collection.reset();
    status.reset();  // it asks http for its load
    http->quiesce();
    if (!http->wait_until_idle(hub.options.grace, hub.options.upload_grace, hub.stop.get_token())) {
      log::warning("requests_cut_off_at_stop");
      hub.cut_off = true;
    }
    hub.stop.request_stop();
    http.reset();
  }

  void stop_now() {
    // Before the lock: a stop() that waits in another thread holds it, and gives up at this.
    hub.stop.request_stop();
    stop();
  }

  Listeners listeners;
  std::unique_ptr<server::TlsContext> tls;  ///< Null for plain HTTP.
  server::HubState hub;
  server::Dispatcher dispatcher;
  std::string base_url;
  std::uint16_t port = 0;
  std::vector<std::string> warnings;
  std::vector<std::string> addresses = {};
  std::mutex mutex;
  std::optional<server::HttpServer> http;             // guarded by mutex; its threads use all above
  std::optional<server::StatusServer> status;         // the same
  std::optional<server::TimedCollection> collection;  // the same
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() { stop(); }

const std::string& Server::base_url() const { return impl_->base_url; }
std::uint16_t Server::port() const { return impl_->port; }
const std::vector<std::string>& Server::addresses() const { return impl_->addresses; }
const std::vector<std::string>& Server::warnings() const { return impl_->warnings; }
std::optional<FirstUser> Server::first_start(const FirstStart& wanted) {
  return server::fill_empty_hub(impl_->hub, wanted);
}
std::uint16_t Server::metrics_port() const { return impl_->status ? impl_->status->port() : 0; }
void Server::reload() {
  const auto take_certificate = [this] {
    if (impl_->tls) impl_->tls->reload();
  };
  try {
    impl_->hub.access_log.reopen();
  } catch (const Error&) {
    take_certificate();  // an expired one must not stay for want of a log
    throw;
  }
  take_certificate();
}
void Server::stop() { impl_->stop(); }
void Server::stop_now() { impl_->stop_now(); }

}  // namespace torchhub
