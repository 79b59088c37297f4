#include "cli/rank_process.h"

#include "cli/argument_pointers.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace torchhub::cli {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_file_error("open", "a pipe", errno);
  return {ends[0], ends[1]};
}

/// What the new process needs; made before fork(), since afterwards only system calls are safe.
struct Start {
  char** arguments;
  char** environment;
  pid_t parent;
  int streams[2];  // standard output and error; -1: as they are
  int failure;     // receives errno
};

[[noreturn]] void become_program(const Start& start) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(127);  // it ended before we could ask to be told
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input >= 0) ::dup2(input, STDIN_FILENO);
  if (start.streams[0] >= 0) ::dup2(start.streams[0], STDOUT_FILENO);
  if (start.streams[1] >= 0) ::dup2(start.streams[1], STDERR_FILENO);
  ::execvpe(start.arguments[0], start.arguments, start.environment);
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(start.failure, &error, sizeof error);
  ::_exit(127);
}

/// The errno of the failed start; 0 once the pipe closes because the program runs.
int wait_for_start(int failure) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

}  // namespace

RankProcess::RankProcess(int rank, RankProgram program, bool tag_output) : rank_(rank) {
  const Pipe failure = open_pipe();
  const Pipe out = tag_output ? open_pipe() : Pipe();
  const Pipe err = tag_output ? open_pipe() : Pipe();
  std::vector<char*> arguments = argument_pointers(program.arguments);
  std::vector<char*> environment = argument_pointers(program.environment);
  const Start start = {arguments.data(),
                       environment.data(),
                       ::getpid(),
                       {out.write_end, err.write_end},
                       failure.write_end};
  pid_ = ::fork();
  if (pid_ == 0) become_program(start);
  int error = pid_ < 0 ? errno : 0;
  for (const int end : {failure.write_end, out.write_end, err.write_end}) {
    if (end >= 0) ::close(end);
  }
  if (error == 0) error = wait_for_start(failure.read_end);
  ::close(failure.read_end);
  pipes_[0] = out.read_end;
  pipes_[1] = err.read_end;
  for (const int end : pipes_) {
    if (end >= 0) ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  if (error == 0) return;
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  close_output(0);
  close_output(1);
  throw_file_error("start", program.arguments.at(0), error);
}

RankProcess::RankProcess(RankProcess&& other) noexcept
    : rank_(other.rank_),
      pid_(std::exchange(other.pid_, -1)),
      pipes_{std::exchange(other.pipes_[0], -1), std::exchange(other.pipes_[1], -1)},
      status_(other.status_) {}

RankProcess::~RankProcess() {
  close_output(0);
  close_output(1);
  if (pid_ < 0 || status_) return;
  signal(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void RankProcess::close_output(int stream) {
  if (pipes_[stream] >= 0) ::close(std::exchange(pipes_[stream], -1));
}

void RankProcess::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

bool RankProcess::has_ended() {
  if (status_) return true;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (info.si_pid == 0) return false;
  signal(SIGKILL);  // what it left behind, while its number cannot belong to anybody else
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = status;
  return true;
}

bool RankProcess::was_killed() const { return status_ && WIFSIGNALED(*status_); }

int RankProcess::exit_status() const {
  return was_killed() ? 128 + WTERMSIG(*status_) : WEXITSTATUS(status_.value_or(0));
}

std::string RankProcess::ending() const {
  if (!was_killed()) return fmt::format("exited with code {}", exit_status());
  const int number = WTERMSIG(*status_);
  return fmt::format("was killed by signal {} ({})", number, ::strsignal(number));
}

}  // namespace torchhub::cli
