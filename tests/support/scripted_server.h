#pragma once

#include "torchhub/http/message.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace torchhub::testing {

/// What the server got.
struct ReceivedRequest {
  std::string method = {};
  std::string target = {};  ///< Path and query, as sent.
  Headers headers = {};
  std::string body = {};
  int connection = 0;  ///< Counts from 1.

  std::string path() const { return target.substr(0, target.find('?')); }
};

/// What it answers, or how it fails.
struct ScriptedReply {
  int status = 200;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Cut the connection after so many bytes of the body (the head states the whole length); -2: no
  /// cut, -1: cut before the head.
  int cut_after = -2;
  /// After the first bytes say nothing more until the server goes away.
  bool hang = false;
};

/// A real HTTP/1.1 server on a free loopback port whose answers a test writes, for what a healthy
/// server would not do. Keeps connections open. Safe from several threads; `answer` runs on a
/// connection's thread, one call at a time.
class ScriptedServer {
 public:
  using Answer = std::function<ScriptedReply(const ReceivedRequest&)>;

  explicit ScriptedServer(Answer answer);
  /// Answers in this order; the last one repeats.
  ScriptedServer(std::initializer_list<ScriptedReply> replies);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// "http://127.0.0.1:<port>"
  std::string url() const;
  int connections() const;
  std::vector<ReceivedRequest> requests() const;
  /// "GET /path", one a request: the usual thing to compare.
  std::vector<std::string> request_lines() const;

 private:
  void accept_loop();
  void serve(int socket, int number);

  Answer answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::mutex answer_mutex_;
  std::vector<ReceivedRequest> requests_;  // guarded by mutex_
  std::vector<int> sockets_;               // guarded by mutex_
  std::vector<std::thread> threads_;       // guarded by mutex_
  bool stopping_ = false;                  // guarded by mutex_
  std::condition_variable stopped_;
  std::thread acceptor_;
};

/// A loopback URL where nothing listens.
std::string url_where_nothing_listens();

}  // namespace torchhub::testing
