#include "cli/mirror_git.h"

#include "cli/argument_pointers.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace torchhub::cli {
namespace {

namespace fs = std::filesystem;

/// One section a remote. git sends the header to URLs below the one named, and nowhere else.
std::string configuration(const std::vector<GitRemote>& remotes) {
  std::string out = "[core]\n\thooksPath = /dev/null\n[credential]\n\thelper =\n";
  for (const GitRemote& remote : remotes) {
    if (!remote.token) continue;
    out += fmt::format("[http \"{}\"]\n\textraHeader = Authorization: Basic {}\n", remote.endpoint,
                       base64_encode("torchhub:" + *remote.token));
  }
  return out;
}

std::vector<std::string> environment(const fs::path& secrets) {
  std::vector<std::string> out = {
      "GIT_CONFIG_NOSYSTEM=1",  "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
      "GIT_ASKPASS=/bin/false", "HOME=/nonexistent",     "GIT_CONFIG_GLOBAL=" + secrets.string()};
  // What decides how the network is reached; nothing else of ours.
  for (const char* name : {"PATH", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY",
                           "NO_PROXY", "SSL_CERT_FILE", "GIT_SSL_CAINFO"}) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::string read_to_end(int descriptor) {
  std::string out;
  std::array<char, 4096> room;
  for (;;) {
    const ssize_t count = ::read(descriptor, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return out;
    out.append(room.data(), static_cast<std::size_t>(count));
  }
}

std::map<std::string, std::string> parse_refs(const std::string& lines) {
  std::map<std::string, std::string> out;
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', start), lines.size());
    const std::string line = lines.substr(start, end - start);
    const std::size_t gap = line.find_first_of(" \t");
    if (gap != std::string::npos && !line.ends_with("^{}")) {
      out[line.substr(gap + 1)] = line.substr(0, gap);
    }
    start = end + 1;
  }
  return out;
}

}  // namespace

MirrorGit::MirrorGit(fs::path repository, fs::path secrets, const std::vector<GitRemote>& remotes)
    : repository_(std::move(repository)), secrets_(std::move(secrets)) {
  // Made private before anything is in it.
  const int descriptor = ::open(secrets_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw_file_error("create", secrets_, errno);
  ::close(descriptor);
  append_to_file(secrets_, configuration(remotes));
  if (!fs::exists(repository_ / "HEAD")) {
    git({"init", "--quiet", "--bare", "--template=", "--initial-branch=main",
         repository_.string()});
  }
}

std::string MirrorGit::git(const std::vector<std::string>& arguments) const {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw_file_error("create", "a pipe", errno);
  const fs::path errors = repository_.parent_path() / "git-errors";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<std::string> words = {"git"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment(secrets_);
  pid_t id = -1;
  const int error = ::posix_spawnp(&id, "git", &actions, nullptr, argument_pointers(words).data(),
                                   argument_pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  const std::string output = error == 0 ? read_to_end(pipe_ends[0]) : "";
  ::close(pipe_ends[0]);
  if (error != 0) throw_file_error("start", "git", error);
  int status = 0;
  while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  throw Error(fmt::format("'git {}' failed:\n{}", fmt::join(arguments, " "), read_file(errors)));
}

void MirrorGit::fetch(const GitRemote& from) const {
  git({"-C", repository_.string(), "fetch", "--quiet", "--prune", "--no-tags", from.url,
       "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"});
}

void MirrorGit::push(const GitRemote& to, Force force, Prune prune) const {
  const std::string sign = force == Force::yes ? "+" : "";
  std::vector<std::string> arguments = {"-C", repository_.string(), "push", "--quiet"};
  if (prune == Prune::yes) arguments.push_back("--prune");
  arguments.insert(arguments.end(),
                   {to.url, sign + "refs/heads/*:refs/heads/*", sign + "refs/tags/*:refs/tags/*"});
  git(arguments);
}

std::map<std::string, std::string> MirrorGit::refs_of(const GitRemote& remote) const {
  return parse_refs(
      git({"-C", repository_.string(), "ls-remote", "--heads", "--tags", remote.url}));
}

std::map<std::string, std::string> MirrorGit::own_refs() const {
  return parse_refs(git({"-C", repository_.string(), "for-each-ref",
                         "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"}));
}

}  // namespace torchhub::cli
