#include "cli/commands.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/byte_size.h"
#include "torchhub/base/log.h"
#include "torchhub/server/server.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <pthread.h>
#include <string>
#include <thread>

namespace torchhub::cli {
namespace {

struct ServeArguments {
  ServerOptions options = {};
  std::string data = "torchhub-data";
  std::string address_file = {};
  std::string base_url = {};
  std::string durability = "full";
  std::string admin = "admin";
  std::string anonymous_read = "on";
  std::string log_level = "warning";
  double grace_seconds = 10;
  bool demo = false;
};

/// Whoever finds an empty hub needs somebody to be.
void make_first_user(Server& server, const ServeArguments& arguments) {
  const auto first = server.first_start({.admin = arguments.admin, .demo = arguments.demo});
  if (!first) return;
  fmt::print(stderr, "New user '{}'. Its token, shown this once:\n  HF_TOKEN={}\n", first->name,
             first->token);
  if (first->name == arguments.admin) return;
  fmt::print(stderr,
             "New user '{0}', admin of the site. For a token of it:\n"
             "  torchhub admin --data {1} token create {0} --role write\n",
             arguments.admin, arguments.data);
}

void print_start(const Server& server, const ServeArguments& arguments) {
  fmt::print(stderr,
             "torchhub serves on {}\n"
             "  data folder: {}\n"
             "  for clients: HF_ENDPOINT={}\n",
             server.base_url(), std::filesystem::absolute(arguments.data).string(),
             server.base_url());
  if (arguments.options.durability == Durability::relaxed) {
    fmt::print(stderr, "  durability relaxed: a power cut may lose what was answered.\n");
  }
  const std::string& listen = arguments.options.listen;
  const bool plain = arguments.options.tls_certificate.empty();
  if (plain && !listen.starts_with("127.") && !listen.starts_with("localhost") &&
      !listen.starts_with("[::1]")) {
    fmt::print(stderr, "  Warning: tokens travel in clear text over this address.\n");
  }
  for (const std::string& warning : server.warnings()) {
    fmt::print(stderr, "  Warning: {}\n", warning);
  }
}

sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

/// The end signals and SIGHUP, kept from every thread started from now on.
sigset_t block_signals() {
  sigset_t signals = end_signals();
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// SIGHUP says that something outside has changed.
void reload(Server& server) {
  try {
    server.reload();
  } catch (const Error& error) {
    log::error("not_reloaded", {{"error", error.what()}});
  }
}

/// Waits for the first end signal, then stops the server; a second one ends the process at once.
void wait_and_stop(Server& server, const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) reload(server);
  const sigset_t again = end_signals();
  pthread_sigmask(SIG_UNBLOCK, &again, nullptr);  // default action: the end, as safe as a crash
  fmt::print(stderr, "torchhub stops.\n");
  server.stop();
}

void serve(ServeArguments arguments) {
  arguments.options.data_dir = arguments.data;
  if (!arguments.base_url.empty()) arguments.options.base_url = arguments.base_url;
  if (arguments.durability == "relaxed") arguments.options.durability = Durability::relaxed;
  arguments.options.grace =
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.grace_seconds * 1000));
  log::set_level(arguments.log_level == "debug"  ? log::Level::debug
                 : arguments.log_level == "info" ? log::Level::info
                                                 : log::Level::warning);
  arguments.options.anonymous_read = arguments.anonymous_read == "on";
  const sigset_t signals = block_signals();
  Server server(arguments.options);
  make_first_user(server, arguments);
  print_start(server, arguments);
  if (!arguments.address_file.empty()) {
    write_file_atomically(arguments.address_file, server.base_url() + "\n");
  }
  wait_and_stop(server, signals);
}

}  // namespace

void add_serve(CLI::App& app) {
  const auto arguments = std::make_shared<ServeArguments>();
  CLI::App* serve_command = app.add_subcommand("serve", "Run a hub");
  serve_command->add_option("--data", arguments->data, "The data folder; made if missing")
      ->capture_default_str();
  serve_command
      ->add_option("--listen", arguments->options.listen, "HOST:PORT; port 0 takes a free one")
      ->capture_default_str();
  serve_command->add_option("--address-file", arguments->address_file,
                            "Receives the base URL once requests are answered");
  CLI::Option* certificate = serve_command->add_option(
      "--tls-cert", arguments->options.tls_certificate, "Certificate as PEM: speak HTTPS");
  CLI::Option* key = serve_command->add_option("--tls-key", arguments->options.tls_key,
                                               "The certificate's key as PEM");
  certificate->needs(key);
  key->needs(certificate);
  serve_command->add_option("--base-url", arguments->base_url,
                            "What links start with; default: the listener's address");
  serve_command
      ->add_option("--grace", arguments->grace_seconds,
                   "Seconds that requests under way get at the end")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  serve_command->add_option("--durability", arguments->durability, "full or relaxed")
      ->capture_default_str()
      ->check(CLI::IsMember({"full", "relaxed"}));
  serve_command
      ->add_option("--admin", arguments->admin,
                   "The first user of an empty hub, who may do everything")
      ->capture_default_str();
  serve_command
      ->add_option("--anonymous-read", arguments->anonymous_read,
                   "on or off; off: nothing but /healthz is for the anonymous")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  serve_command->add_option("--access-log", arguments->options.access_log,
                            "Receives a line of JSON for each request; - is standard output");
  serve_command->add_option("--metrics-listen", arguments->options.metrics_listen,
                            "HOST:PORT for /metrics, /healthz and /readyz without a token");
  serve_command
      ->add_option(
          "--rate-api", arguments->options.rate_api,
          "Requests to the API that one client may make in 5 minutes; half without a token")
      ->capture_default_str();
  serve_command->add_option("--rate-resolve", arguments->options.rate_resolve, "The same for files")
      ->capture_default_str();
  serve_command->add_option("--cors", arguments->options.cors_origins,
                            "An origin whose pages may use the API; may be repeated");
  serve_command->add_option("--trusted-proxy", arguments->options.trusted_proxies,
                            "An address whose X-Forwarded-For counts; may be repeated");
  serve_command->add_option("--log-level", arguments->log_level, "debug, info or warning")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warning"}));
  serve_command
      ->add_option("--connections-per-address", arguments->options.max_connections_per_address,
                   "Connections from one address at once, 0 for no limit; not on loopback")
      ->capture_default_str();
  serve_command
      ->add_option_function<std::string>(
          "--multipart-threshold",
          [arguments](const std::string& size) {
            arguments->options.multipart_threshold_bytes = parse_byte_size(size);
          },
          "Larger LFS objects go up in parts; default: 100MiB")
      ->type_name("SIZE");
  serve_command->add_flag(
      "--demo", arguments->demo,
      "On an empty hub: also user 'demo', organisation 'demo-org' and two small "
      "repositories");
  serve_command->add_flag("--lfs-prefer-xet", arguments->options.lfs_prefer_xet,
                          "Have LFS clients that offer Xet use it; for tests of such clients");
  serve_command->add_flag("--test-mode", arguments->options.test_mode,
                          "Allow fault points; loopback addresses only");
  serve_command->add_option("--fault-point", arguments->options.fault_point,
                            "End by SIGKILL at this point; needs --test-mode");
  serve_command->callback([arguments] { serve(*arguments); });
}

}  // namespace torchhub::cli
