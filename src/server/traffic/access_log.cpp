#include "server/traffic/access_log.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxText = 1024;

/// Of the query what is no secret: names whose values could be one lose them.
std::string shown_target(const HttpRequest& request) {
  constexpr std::array<std::string_view, 4> kSecret = {"sig", "token", "expires", "access_token"};
  std::string out = request.raw_path.substr(0, kMaxText);
  char mark = '?';
  for (const auto& [name, value] : request.query) {
    if (out.size() > kMaxText) break;
    const bool secret = std::find(kSecret.begin(), kSecret.end(), name) != kSecret.end();
    out += std::exchange(mark, '&') + name + "=" + (secret ? "..." : value);
  }
  out.resize(std::min(out.size(), 2 * kMaxText));
  return out;
}

}  // namespace

std::string access_line(const HttpRequest& request, const ExchangeFacts& facts,
                        std::chrono::system_clock::time_point now) {
  nlohmann::ordered_json line;
  line["time"] = to_rfc3339(now);
  line["id"] = request.id;
  line["own_id"] = request.own_id;
  line["address"] = request.remote_address;
  line["user"] = request.notes.user_id.empty() ? nlohmann::ordered_json(nullptr)
                                               : nlohmann::ordered_json(request.notes.user_id);
  line["method"] = request.method;
  line["route"] = request.route;
  line["path"] = shown_target(request);
  line["status"] = facts.status;
  line["bytes_in"] = facts.bytes_in;
  line["bytes_out"] = facts.bytes_out;
  constexpr double kMillisecond = 1000;
  line["ms"] = static_cast<double>(facts.duration.count()) / kMillisecond;
  line["client"] = request.header("User-Agent").substr(0, kMaxText);
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

AccessLog::AccessLog(std::filesystem::path file, const Clock& clock)
    : path_(std::move(file)), clock_(clock) {
  reopen();
}

void AccessLog::reopen() {
  if (path_.empty()) return;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  OpenFile fresh(path_ == "-" ? ::dup(STDOUT_FILENO) : ::open(path_.c_str(), kFlags, 0640));
  if (fresh.descriptor() < 0) throw_file_error("open the access log", path_, errno);
  const std::lock_guard lock(mutex_);
  file_ = std::move(fresh);
}

void AccessLog::note(const HttpRequest& request, const ExchangeFacts& facts) {
  if (path_.empty()) return;
  const std::string line = access_line(request, facts, clock_.now()) + "\n";
  const std::lock_guard lock(mutex_);
  // One write, so that lines of several processes do not mix. A full disk must not stop answers.
  if (::write(file_.descriptor(), line.data(), line.size()) < 0) {
    log::debug("access_log_not_written", {{"error", std::strerror(errno)}});
  }
}

}  // namespace torchhub::server
