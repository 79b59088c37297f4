#include "support/child_process.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace torchhub::testing {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments,
                           std::vector<std::string> more_environment) {
  std::vector<std::string> environment = std::move(more_environment);
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.push_back(*variable);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const std::string out = folder_ / "out";
  const std::string err = folder_ / "err";
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  const int error = ::posix_spawnp(&id_, arguments.at(0).c_str(), &actions, nullptr,
                                   pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw_file_error("start", arguments.at(0), error);
}

ChildProcess::~ChildProcess() {
  if (id_ < 0) return;
  signal(SIGKILL);
  wait();
}

void ChildProcess::signal(int number) const {
  if (id_ > 0) ::kill(id_, number);
}

int ChildProcess::wait() {
  if (id_ < 0) return exit_code_;
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

bool ChildProcess::is_running() {
  if (id_ < 0) return false;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

std::string ChildProcess::output() const { return read_file(folder_ / "out"); }
std::string ChildProcess::errors() const { return read_file(folder_ / "err"); }

Finished run(std::vector<std::string> arguments, std::vector<std::string> more_environment) {
  ChildProcess process(std::move(arguments), std::move(more_environment));
  const int exit_code = process.wait();
  return {exit_code, process.output(), process.errors()};
}

}  // namespace torchhub::testing
