#include "cli/rank_watch.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace torchhub::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int descriptor = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) throw_file_error("open", "a signal descriptor", errno);
  return descriptor;
}

}  // namespace

RankWatch::RankWatch(milliseconds grace) : grace_(grace), signals_(open_signals()) {}

RankWatch::~RankWatch() { ::close(signals_); }

int RankWatch::wait() {
  while (is_any_running()) {
    wait_for_news();
    note_endings();
    kill_when_late();
  }
  for (Watched& rank : ranks_) {
    for (const int stream : {0, 1}) pass_output(rank, stream);
  }
  return first_failure_.value_or(0);
}

bool RankWatch::is_any_running() const {
  return std::any_of(ranks_.begin(), ranks_.end(), [](const Watched& rank) { return !rank.ended; });
}

void RankWatch::wait_for_news() {
  std::vector<pollfd> sources = {{signals_, POLLIN, 0}};
  std::vector<std::pair<Watched*, int>> streams;
  for (Watched& rank : ranks_) {
    for (const int stream : {0, 1}) {
      if (rank.process.output(stream) < 0) continue;
      sources.push_back({rank.process.output(stream), POLLIN, 0});
      streams.emplace_back(&rank, stream);
    }
  }
  int timeout = -1;
  if (kill_at_) {
    const auto left = std::chrono::ceil<milliseconds>(*kill_at_ - steady_clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
  }
  ::poll(sources.data(), sources.size(), timeout);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (sources[i + 1].revents != 0) pass_output(*streams[i].first, streams[i].second);
  }
  take_signals();
}

void RankWatch::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGCHLD) continue;
    // Who asks a second time does not want to wait for the grace.
    end_all(asked_to_end_ ? SIGKILL : number);
    asked_to_end_ = true;
  }
}

void RankWatch::end_all(int signal) {
  for (const Watched& rank : ranks_) {
    if (!rank.ended) rank.process.signal(signal);
  }
  if (!kill_at_) kill_at_ = steady_clock::now() + grace_;
}

void RankWatch::note_endings() {
  const RankProcess* failed = nullptr;
  for (Watched& rank : ranks_) {
    if (rank.ended || !rank.process.has_ended()) continue;
    rank.ended = true;
    // Of those that end together, one that was killed is the cause; the others lost their peer.
    const bool worse = failed == nullptr || (rank.process.was_killed() && !failed->was_killed());
    if (rank.process.exit_status() != 0 && worse) failed = &rank.process;
  }
  if (failed == nullptr || first_failure_) return;
  first_failure_ = failed->exit_status();
  if (asked_to_end_) return;
  fmt::print(stderr, "torchhub launch: rank {} (pid {}) {}; ending the other ranks.\n",
             failed->rank(), failed->pid(), failed->ending());
  end_all(SIGTERM);
}

void RankWatch::kill_when_late() {
  if (!kill_at_ || steady_clock::now() < *kill_at_) return;
  kill_at_ = steady_clock::time_point::max();
  for (const Watched& rank : ranks_) {
    if (rank.ended) continue;
    fmt::print(stderr, "torchhub launch: rank {} (pid {}) did not end within {} s; killing it.\n",
               rank.process.rank(), rank.process.pid(), static_cast<double>(grace_.count()) / 1000);
    rank.process.signal(SIGKILL);
  }
}

void RankWatch::pass_output(Watched& rank, int stream) {
  std::FILE* target = stream == 0 ? stdout : stderr;
  std::string& line = rank.line[static_cast<std::size_t>(stream)];
  const auto print = [&](std::string_view text) {
    fmt::print(target, "[{}] {}\n", rank.process.rank(), text);
  };
  char bytes[4096];
  ssize_t got = 0;
  while (rank.process.output(stream) >= 0 &&
         (got = ::read(rank.process.output(stream), bytes, sizeof bytes)) > 0) {
    line.append(bytes, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (auto end = line.find('\n'); end != std::string::npos; end = line.find('\n', begin)) {
      print(std::string_view(line).substr(begin, end - begin));
      begin = end + 1;
    }
    line.erase(0, begin);
  }
  if (got == 0) rank.process.close_output(stream);
  if ((got == 0 || rank.ended) && !line.empty()) print(std::exchange(line, {}));
  std::fflush(target);
}

}  // namespace torchhub::cli
