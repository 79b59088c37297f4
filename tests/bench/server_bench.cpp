// The client's side of what server_bench.py measures: as little work as a client can do, so that
// the figures are the server's. Each mode prints one line of JSON.

#include "bench/http_load.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace torchhub::bench;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr double kMega = 1e6;

/// requests METHOD URL CONNECTIONS SECONDS [HEADER...]: one request after another on each
/// connection, none waiting for another's. All latencies are printed, sorted, so that several runs
/// can be counted as one.
void requests(const std::vector<std::string>& words) {
  const Load load = run_load(words.at(0), words.at(1), std::atoi(words.at(2).c_str()),
                             std::atof(words.at(3).c_str()), {words.begin() + 4, words.end()});
  fmt::print(
      "{{\"job\": \"requests\", \"requests\": {}, \"per_second\": {:.0f}, \"p50_ms\": {:.3f}, "
      "\"p99_ms\": {:.3f}, \"max_ms\": {:.3f}, \"not_2xx\": {}, "
      "\"latencies_ms\": [{:.3f}]}}\n",
      load.latencies_ms.size(), static_cast<double>(load.latencies_ms.size()) / load.seconds,
      load.at(0.5), load.at(0.99), load.at(1), load.not_2xx, fmt::join(load.latencies_ms, ", "));
}

/// get URL: reads the answer and drops it.
void get(const std::vector<std::string>& words) {
  const Url url = parse_url(words.at(0));
  const auto start = Clock::now();
  const int socket = connect_to(url);
  send_all(socket, "GET " + url.path + " HTTP/1.1\r\nHost: " + url.host + "\r\n\r\n");
  std::string head;
  std::vector<char> room(std::size_t{1} << 20);
  std::size_t body = 0;
  const std::size_t size = read_head(socket, head, body);
  while (body < size) {
    const ssize_t count = ::recv(socket, room.data(), room.size(), 0);
    if (count <= 0) break;
    body += static_cast<std::size_t>(count);
  }
  ::close(socket);
  const double seconds = seconds_since(start);
  fmt::print(
      "{{\"job\": \"get\", \"bytes\": {}, \"seconds\": {:.4f}, \"mb_per_second\": {:.0f}}}\n", body,
      seconds, static_cast<double>(body) / kMega / seconds);
}

/// put FILE URL: sends a file by sendfile(2) and waits for the answer.
void put(const std::vector<std::string>& words) {
  const Url url = parse_url(words.at(1));
  const int file = ::open(words.at(0).c_str(), O_RDONLY);
  struct stat info {};
  ::fstat(file, &info);
  const auto start = Clock::now();
  const int socket = connect_to(url);
  send_all(socket, fmt::format("PUT {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
                               url.path, url.host, info.st_size));
  for (off_t sent = 0; sent < info.st_size;) {
    if (::sendfile(socket, file, &sent, static_cast<std::size_t>(info.st_size - sent)) <= 0) break;
  }
  std::string head;
  std::size_t body = 0;
  read_head(socket, head, body);
  ::close(socket);
  ::close(file);
  const double seconds = seconds_since(start);
  fmt::print(
      "{{\"job\": \"put\", \"status\": {}, \"bytes\": {}, \"seconds\": {:.4f}, "
      "\"mb_per_second\": {:.0f}}}\n",
      head.substr(9, 3), info.st_size, seconds,
      static_cast<double>(info.st_size) / kMega / seconds);
}

/// write_and_hash FILE COPY: what an upload cannot do without, on one thread: SHA-256, write,
/// fsync.
void write_and_hash(const std::vector<std::string>& words) {
  const int from = ::open(words.at(0).c_str(), O_RDONLY);
  struct stat info {};
  ::fstat(from, &info);
  const int to = ::open(words.at(1).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const auto start = Clock::now();
  if (::posix_fallocate(to, 0, info.st_size) != 0) std::exit(1);
  std::vector<char> room(std::size_t{256} << 10);
  torchhub::Digest digest(torchhub::Digest::Algorithm::sha256);
  ssize_t count = 0;
  while ((count = ::read(from, room.data(), room.size())) > 0) {
    const std::span<const char> piece(room.data(), static_cast<std::size_t>(count));
    digest.update(std::as_bytes(piece));
    if (::write(to, piece.data(), piece.size()) != count) std::exit(1);
  }
  ::fsync(to);
  const double seconds = seconds_since(start);
  ::close(to);
  ::close(from);
  fmt::print(
      "{{\"job\": \"write_and_hash\", \"sha256\": \"{}\", \"seconds\": {:.4f}, "
      "\"mb_per_second\": {:.0f}}}\n",
      digest.hex(), seconds, static_cast<double>(info.st_size) / kMega / seconds);
}

/// fsync FOLDER N: the median of writing 4 KiB to a new file and flushing it.
void fsync_cost(const std::vector<std::string>& words) {
  std::vector<double> times;
  const std::string block(4096, 'x');
  for (int i = 0; i < std::atoi(words.at(1).c_str()); ++i) {
    const std::string path = words.at(0) + "/fsync" + std::to_string(i);
    const auto start = Clock::now();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (::write(file, block.data(), block.size()) < 0) std::exit(1);
    ::fsync(file);
    times.push_back(seconds_since(start) * 1e3);
    ::close(file);
    ::unlink(path.c_str());
  }
  std::sort(times.begin(), times.end());
  fmt::print("{{\"job\": \"fsync\", \"median_ms\": {:.3f}}}\n", times.at(times.size() / 2));
}

/// hold URL CONNECTIONS: one request on each, then holds them until standard input ends.
void hold(const std::vector<std::string>& words) {
  const Url url = parse_url(words.at(0));
  std::vector<int> sockets;
  for (int i = 0; i < std::atoi(words.at(1).c_str()); ++i) {
    sockets.push_back(connect_to(url));
    send_all(sockets.back(), "GET " + url.path + " HTTP/1.1\r\nHost: " + url.host + "\r\n\r\n");
    std::string head;
    std::size_t body = 0;
    const std::size_t size = read_head(sockets.back(), head, body);
    std::vector<char> room(size);
    while (body < size)
      body += static_cast<std::size_t>(::recv(sockets.back(), room.data(), size, 0));
  }
  fmt::print("{{\"job\": \"hold\", \"connections\": {}}}\n", sockets.size());
  std::fflush(stdout);
  std::array<char, 64> waste;
  while (::read(STDIN_FILENO, waste.data(), waste.size()) > 0) {
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() < 2) return fmt::print(stderr, "usage: see server_bench.py\n"), 2;
  const std::string mode = words.front();
  words.erase(words.begin());
  if (mode == "requests") requests(words);
  if (mode == "get") get(words);
  if (mode == "put") put(words);
  if (mode == "write_and_hash") write_and_hash(words);
  if (mode == "fsync") fsync_cost(words);
  if (mode == "hold") hold(words);
  return 0;
}
