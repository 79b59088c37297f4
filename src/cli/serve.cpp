#include "cli/commands.h"
#include "server/config/configuration.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/server/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace torchhub::cli {
namespace {

/// Whoever finds an empty hub needs somebody to be.
void make_first_user(Server& server, const server::Settings& settings) {
  const auto first = server.first_start({.admin = settings.admin, .demo = settings.demo});
  if (!first) return;
  fmt::print(stderr, "New user '{}'. Its token, shown this once:\n  HF_TOKEN={}\n", first->name,
             first->token);
  if (first->name == settings.admin) return;
  fmt::print(stderr,
             "New user '{0}', admin of the site. For a token of it:\n"
             "  torchhub admin --data {1} token create {0} --role write\n",
             settings.admin, settings.server.data_dir.string());
}

/// With the port that was taken where any would do.
std::string metrics_url(const Server& server, const std::string& listen) {
  if (listen.starts_with("unix:")) return listen;
  return fmt::format("http://{}:{}/metrics", listen.substr(0, listen.rfind(':')),
                     server.metrics_port());
}

/// Whoever else is on the network can listen in.
bool is_clear_text(const ServerOptions& options) {
  if (!options.tls_certificate.empty()) return false;
  std::vector<std::string> all = options.more_listen;
  all.push_back(options.listen);
  return std::any_of(all.begin(), all.end(), [](const std::string& address) {
    return !address.starts_with("unix:") && !address.starts_with("127.") &&
           !address.starts_with("localhost") && !address.starts_with("[::1]");
  });
}

void print_start(const Server& server, const server::Settings& settings) {
  fmt::print(stderr,
             "torchhub serves on {}\n"
             "  data folder: {}\n"
             "  for clients: HF_ENDPOINT={}\n",
             server.base_url(), std::filesystem::absolute(settings.server.data_dir).string(),
             server.base_url());
  for (std::size_t i = 1; i < server.addresses().size(); ++i) {
    fmt::print(stderr, "  also on: {}\n", server.addresses()[i]);
  }
  const std::string& metrics = settings.server.metrics_listen;
  if (!metrics.empty()) fmt::print(stderr, "  metrics: {}\n", metrics_url(server, metrics));
  if (settings.server.durability == Durability::relaxed) {
    fmt::print(stderr, "  durability relaxed: a power cut may lose what was answered.\n");
  }
  if (is_clear_text(settings.server)) {
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
  // A shell that starts programs in the background has them ignore SIGINT.
  for (const int end : {SIGTERM, SIGINT}) std::signal(end, SIG_DFL);
  const sigset_t again = end_signals();
  pthread_sigmask(SIG_UNBLOCK, &again, nullptr);  // default action: the end, as safe as a crash
  fmt::print(stderr, "torchhub stops.\n");
  server.stop();
}

/// What the operating system, not the command line, tells a program.
std::vector<std::string> environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  return out;
}

/// The command line as CLI11 fills it in.
struct ServeFlags {
  std::string config_file = {};
  bool print_config = false;
  std::vector<std::pair<const server::Setting*, CLI::Option*>> settings = {};
};

std::vector<server::GivenValue> values_on_command_line(const ServeFlags& flags) {
  std::vector<server::GivenValue> out;
  for (const auto& [setting, option] : flags.settings) {
    if (option->count() == 0) continue;
    const std::vector<std::string>& given = option->results();
    const bool is_list = setting->kind == server::Setting::Kind::list;
    const std::string value = is_list ? fmt::format("{}", fmt::join(given, ",")) : given.back();
    const std::string name(setting->name);
    out.push_back({name, setting->is_switch() && value.empty() ? "on" : value, "--" + name});
  }
  return out;
}

/// Flags win over the environment, that over the file, and that over the defaults.
server::Configuration configuration(const ServeFlags& flags) {
  const auto known = server::all_settings();
  server::Configuration out(known);
  const char* variable = std::getenv("TORCHHUB_CONFIG");
  const std::string file =
      flags.config_file.empty() && variable != nullptr ? variable : flags.config_file;
  if (!file.empty()) out.take(server::values_in_file(file, known));
  std::vector<std::string> strangers;
  out.take(server::values_in_environment(environment(), known, strangers));
  for (const std::string& name : strangers) {
    if (name == "TORCHHUB_CONFIG") continue;
    fmt::print(stderr, "torchhub: {} is no setting of 'torchhub serve'; it is ignored.\n", name);
  }
  out.take(values_on_command_line(flags));
  return out;
}

void serve(const server::Settings& settings) {
  log::set_level(settings.log_level == "debug"  ? log::Level::debug
                 : settings.log_level == "info" ? log::Level::info
                                                : log::Level::warning);
  const sigset_t signals = block_signals();
  Server server(settings.server);
  make_first_user(server, settings);
  print_start(server, settings);
  if (!settings.address_file.empty()) {
    write_file_atomically(settings.address_file, server.base_url() + "\n");
  }
  wait_and_stop(server, signals);
}

void add_setting(CLI::App& command, const server::Setting& setting, ServeFlags& flags) {
  const std::string shown = setting.value.get(server::Settings{});
  CLI::Option* option =
      command.add_option("--" + std::string(setting.name))->description(std::string(setting.help));
  if (setting.kind == server::Setting::Kind::list) {
    option->join(',');
  } else {
    option->take_last();
  }
  if (setting.is_switch()) {
    option->expected(0, 1)->type_name("");
  } else {
    option->type_name(std::string(setting.form));
    if (!shown.empty()) option->default_str(shown);
  }
  flags.settings.emplace_back(&setting, option);
}

}  // namespace

void add_serve(CLI::App& app) {
  const auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand("serve", "Run a hub");
  command->footer(
      "Each option is also a variable, TORCHHUB_ and its name (TORCHHUB_MAX_OBJECT), and a key of\n"
      "the configuration file. Options win over variables, and these over the file.");
  command
      ->add_option("--config", flags->config_file, "Lines of 'key = value'; also TORCHHUB_CONFIG")
      ->type_name("FILE");
  command->add_flag("--print-config", flags->print_config,
                    "Print every setting and where it comes from, then end");
  for (const server::Setting& setting : server::all_settings()) {
    add_setting(*command, setting, *flags);
  }
  command->callback([flags] {
    const server::Configuration result = configuration(*flags);
    if (flags->print_config) {
      fmt::print("{}", result.text());
    } else {
      serve(result.settings());
    }
  });
}

}  // namespace torchhub::cli
