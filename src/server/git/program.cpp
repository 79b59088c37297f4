#include "server/git/program.h"

#include "server/http/api_error.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace torchhub::server::git {
namespace {

constexpr unsigned kMaxWaiting = 32;
constexpr int kNiceness = 5;
/// Packs are mapped and do not count.
constexpr std::uint64_t kMaxHeapBytes = std::uint64_t{1} << 30;

std::string find_in_path(const std::string& name) {
  const char* variable = std::getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    const std::string candidate = path.substr(start, end - start) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  return {};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Settings that hold for every git process.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSettings = {{
    // The data folder may have come from another machine, where our user had another number.
    {"safe.directory", "*"},
    // Memory: what a large file, its deltas and a thread may take.
    {"core.bigFileThreshold", "16m"},
    {"core.deltaBaseCacheLimit", "64m"},
    {"pack.windowMemory", "64m"},
    {"pack.threads", "2"},
}};

/// Nothing of our own environment reaches git.
std::vector<std::string> environment(const Program::Call& call) {
  std::vector<std::string> out = {
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "HOME=/nonexistent",
      "LC_ALL=C",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      fmt::format("GIT_CONFIG_COUNT={}", kSettings.size()),
  };
  for (std::size_t i = 0; i < kSettings.size(); ++i) {
    out.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", i, kSettings[i].first));
    out.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", i, kSettings[i].second));
  }
  if (!call.protocol.empty()) out.push_back("GIT_PROTOCOL=" + call.protocol);
  out.insert(out.end(), call.variables.begin(), call.variables.end());
  return out;
}

void limit(pid_t id, decltype(RLIMIT_CPU) what, std::uint64_t amount) {
  const rlimit value{amount, amount + 1};  // at the first SIGXCPU comes, at the second SIGKILL
  ::prlimit(id, what, &value, nullptr);
}

/// Set from outside, while it starts: nothing that a client sent has reached it by then.
void limit(pid_t id, const ProcessLimits& limits) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(id), kNiceness);
  limit(id, RLIMIT_CORE, 0);
  limit(id, RLIMIT_DATA, kMaxHeapBytes);
  if (limits.processor_time) {
    limit(id, RLIMIT_CPU, static_cast<std::uint64_t>(limits.processor_time->count()));
  }
  if (limits.file_bytes) limit(id, RLIMIT_FSIZE, *limits.file_bytes);
}

struct Process {
  pid_t id = -1;
  OpenFile output{-1};
};

Process start(const std::string& program, const Program::Call& call) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw_file_error("create", "a pipe", errno);
  OpenFile output(pipe_ends[0]);
  const OpenFile input_of_pipe(pipe_ends[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (call.input) {
    posix_spawn_file_actions_adddup2(&actions, call.input->descriptor(), STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, input_of_pipe.descriptor(), STDOUT_FILENO);
  if (call.errors) {
    posix_spawn_file_actions_adddup2(&actions, call.errors->descriptor(), STDERR_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> arguments = {program};
  arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  std::vector<std::string> variables = environment(call);
  pid_t id = -1;
  const int error = ::posix_spawn(&id, program.c_str(), &actions, &attributes,
                                  pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw_file_error("start", program, error);
  limit(id, call.limits);
  return {id, std::move(output)};
}

/// "git version 2.39.5" is new enough.
bool is_new_enough(const std::string& text) {
  int major = 0;
  int minor = 0;
  if (std::sscanf(text.c_str(), "git version %d.%d", &major, &minor) != 2) return false;
  return major > 2 || (major == 2 && minor >= 30);
}

constexpr std::chrono::milliseconds kLook{200};  // how soon a stop is noticed

ApiError too_many() {
  return {503,
          "Too many clones and pushes at once. Try again in a moment.",
          {},
          {{"Retry-After", "5"}}};
}

}  // namespace

std::string checked_protocol(std::string_view header) {
  constexpr std::size_t kMaxLength = 256;
  const bool plain = std::all_of(header.begin(), header.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '=' || c == ':' || c == '.' || c == '-' || c == '_';
  });
  return plain && header.size() < kMaxLength ? std::string(header) : std::string();
}

bool asks_for_version_2(std::string_view protocol) {
  // Keys between colons, the highest version counts (git protocol.c).
  return fmt::format(":{}:", protocol).find(":version=2:") != std::string::npos;
}

/// The output of a running git. Its destructor ends git and everything git started.
class ProcessOutput final : public BodySource {
 public:
  ProcessOutput(Program& program, Process process, std::stop_token stop)
      : program_(program), process_(std::move(process)), stop_(std::move(stop)) {}

  ~ProcessOutput() override {
    if (process_.id > 0) {
      ::kill(-process_.id, SIGKILL);
      end(0);
    }
    program_.give_place();
  }

  std::size_t read(std::span<char> room) override {
    wait_for_output();
    const ssize_t count = ::read(process_.output.descriptor(), room.data(), room.size());
    if (count < 0) throw_file_error("read", "git's output", errno);
    if (count == 0) wait_for_end();
    return static_cast<std::size_t>(count);
  }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Deadline deadline() const { return std::chrono::steady_clock::now() + program_.timeout_; }

  void check_patience(Deadline deadline) const {
    if (stop_.stop_requested()) throw CancelledError("The server stops; git was ended.");
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(fmt::format("git made no progress for {} s.", program_.timeout_.count()));
    }
  }

  void wait_for_output() const {
    const Deadline until = deadline();
    pollfd wait{process_.output.descriptor(), POLLIN, 0};
    while (::poll(&wait, 1, static_cast<int>(kLook.count())) <= 0) check_patience(until);
  }

  /// Waits for a git that has closed its output. Most have ended by then, but one may hang.
  void wait_for_end() {
    if (process_.id < 0) return;
    const Deadline until = deadline();
    std::chrono::milliseconds pause{1};
    for (;;) {
      if (const auto status = end(WNOHANG)) {
        if (WIFSIGNALED(*status)) throw GitFailed(WTERMSIG(*status));
        if (WEXITSTATUS(*status) != 0) throw GitFailed(0);
        return;
      }
      check_patience(until);
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLook);
    }
  }

  /// @return what waitpid() says of the ended process; nothing while it runs
  std::optional<int> end(int flags) {
    int status = 0;
    pid_t found = 0;
    do {
      found = ::waitpid(process_.id, &status, flags);
    } while (found < 0 && errno == EINTR);
    if (found == 0) return std::nullopt;
    process_.id = -1;
    return status;
  }

  Program& program_;
  Process process_;
  std::stop_token stop_;
};

Program::Program(unsigned max_processes, std::chrono::seconds timeout)
    : max_processes_(max_processes), timeout_(timeout), path_(find_in_path("git")) {
  problem_ = find_problem();
}

std::optional<std::string> Program::find_problem() {
  if (path_.empty())
    return "git is not installed on the server; clones and pushes are not possible.";
  try {
    const std::string version = output({.arguments = {"--version"}}, {});
    if (is_new_enough(version)) return std::nullopt;
    return fmt::format("The server's git is too old for clones and pushes (2.30 is needed): {}.",
                       version.substr(0, version.find('\n')));
  } catch (const Error& error) {
    return fmt::format("The server's git '{}' does not run; clones and pushes are not possible: {}",
                       path_, error.what());
  }
}

unsigned Program::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

unsigned Program::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void Program::take_place(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (running_ >= max_processes_ && waiting_ >= kMaxWaiting) throw too_many();
  ++waiting_;
  const bool free =
      free_place_.wait_for(lock, stop, timeout_, [this] { return running_ < max_processes_; });
  --waiting_;
  if (stop.stop_requested()) throw CancelledError("The server stops; git was not started.");
  if (!free) throw too_many();
  ++running_;
}

void Program::give_place() {
  const std::lock_guard lock(mutex_);
  --running_;
  free_place_.notify_one();
}

std::unique_ptr<BodySource> Program::run(const Call& call, std::stop_token stop) {
  if (problem_) throw ApiError(503, *problem_);
  take_place(stop);
  try {
    return std::make_unique<ProcessOutput>(*this, start(path_, call), std::move(stop));
  } catch (...) {
    give_place();
    throw;
  }
}

std::string Program::output(const Call& call, std::stop_token stop) {
  const auto source = run(call, std::move(stop));
  std::string text;
  std::array<char, 4096> room;
  while (const std::size_t count = source->read(room)) text.append(room.data(), count);
  return text;
}

}  // namespace torchhub::server::git
