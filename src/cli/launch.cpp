#include "base/cpu_topology.h"
#include "cli/commands.h"
#include "cli/rank_watch.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace torchhub::cli {
namespace {

struct LaunchArguments {
  int processes = 0;
  int master_port = 0;
  double grace_seconds = 10;
  bool tag_output = false;
};

/// A port of loopback that is free now. Rank 0 listens on it a moment later.
int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = descriptor >= 0 && ::bind(descriptor, generic, size) == 0 &&
                     ::getsockname(descriptor, generic, &size) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!found) throw_file_error("find a free port on", "127.0.0.1", error);
  return ntohs(address.sin_port);
}

void set_variable(std::vector<std::string>& environment, const std::string& name,
                  const std::string& value) {
  std::erase_if(environment,
                [&](const std::string& entry) { return entry.starts_with(name + "="); });
  environment.push_back(name + "=" + value);
}

std::vector<std::string> common_environment(const LaunchArguments& arguments) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  const int port = arguments.master_port != 0 ? arguments.master_port : free_port();
  set_variable(out, "WORLD_SIZE", std::to_string(arguments.processes));
  set_variable(out, "LOCAL_WORLD_SIZE", std::to_string(arguments.processes));
  set_variable(out, "MASTER_ADDR", "127.0.0.1");
  set_variable(out, "MASTER_PORT", std::to_string(port));
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    // Each rank would take every core otherwise, and all would wait for each other.
    set_variable(out, "OMP_NUM_THREADS",
                 std::to_string(std::max(1, usable_cores(cpu_topology()) / arguments.processes)));
  }
  return out;
}

/// @param rest what the options left: the program and its arguments
std::vector<std::string> program_of(std::vector<std::string> rest) {
  if (!rest.empty() && rest.front() == kProgramFollows) {
    rest.erase(rest.begin());
  } else if (!rest.empty() && rest.front().starts_with('-')) {
    throw InvalidArgumentError(
        fmt::format("launch has no option '{}'. See torchhub launch --help.", rest.front()));
  }
  if (rest.empty()) {
    throw InvalidArgumentError(
        "No program to launch. Usage: torchhub launch -n N PROGRAM [ARGUMENT...]");
  }
  std::replace(rest.begin(), rest.end(), std::string(kProgramFollows), std::string("--"));
  return rest;
}

int launch(const LaunchArguments& arguments, const std::vector<std::string>& program) {
  const std::vector<std::string> environment = common_environment(arguments);
  RankWatch watch(
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.grace_seconds * 1000)));
  for (int rank = 0; rank < arguments.processes; ++rank) {
    RankProgram own = {program, environment};
    set_variable(own.environment, "RANK", std::to_string(rank));
    set_variable(own.environment, "LOCAL_RANK", std::to_string(rank));
    watch.add(RankProcess(rank, std::move(own), arguments.tag_output));
  }
  return watch.wait();
}

}  // namespace

void add_launch(CLI::App& app) {
  const auto arguments = std::make_shared<LaunchArguments>();
  CLI::App* command = app.add_subcommand(
      "launch", "Run a program as several ranks on this host: torchhub launch -n 4 PROGRAM ...");
  command->prefix_command();  // what follows the program's name is the program's
  command->add_option("-n,--nproc-per-node", arguments->processes, "Ranks to start")
      ->required()
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("--master-port", arguments->master_port,
                   "Where the ranks meet; default: a free port")
      ->check(CLI::Range(1, 65535));
  command
      ->add_option("--grace-seconds", arguments->grace_seconds,
                   "When a rank fails: seconds from SIGTERM to SIGKILL for the others")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  command->add_flag("--tag-output", arguments->tag_output,
                    "Print [rank] before each line of a rank");
  command->callback([arguments, command] {
    throw ExitStatus{launch(*arguments, program_of(command->remaining()))};
  });
}

}  // namespace torchhub::cli
