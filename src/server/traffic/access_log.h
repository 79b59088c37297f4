#pragma once

#include "server/http/request.h"
#include "server/http/request_handler.h"
#include "server/http/response.h"
#include "torchhub/base/clock.h"

#include <filesystem>
#include <mutex>
#include <string>

namespace torchhub::server {

/// A line of JSON for each request: who asked for what, how it went. No tokens, cookies or bodies,
/// and of a signed link not what makes it work. Safe from several threads.
class AccessLog {
 public:
  /// @param file is appended to; "-" is standard output; empty for no log
  /// @throws FileError
  AccessLog(std::filesystem::path file, const Clock& clock);

  void note(const HttpRequest& request, const ExchangeFacts& facts);
  /// Opens the file anew, after a program that rotates logs has moved it. @throws FileError
  void reopen();

 private:
  std::filesystem::path path_;
  const Clock& clock_;
  std::mutex mutex_;
  OpenFile file_{-1};  // guarded by mutex_
};

/// The line, without its end.
std::string access_line(const HttpRequest& request, const ExchangeFacts& facts,
                        std::chrono::system_clock::time_point now);

}  // namespace torchhub::server
