#include "torchhub/base/log.h"

#include "torchhub/base/timestamp.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

namespace torchhub::log {
namespace {

std::atomic<Level> g_level{Level::warning};
std::mutex g_sink_mutex;
Sink g_sink;  // guarded by g_sink_mutex

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "DEBUG";
    case Level::info:
      return "INFO";
    case Level::warning:
      return "WARNING";
    case Level::error:
      return "ERROR";
    case Level::off:
      break;
  }
  return "OFF";
}

std::string in_quotes(std::string_view value) {
  if (!value.empty() && value.find_first_of(" \t\r\n\"=") == std::string_view::npos) {
    return std::string(value);
  }
  std::string out = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c != '\r') {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

void set_level(Level level) { g_level = level; }
Level level() { return g_level; }

void set_sink(Sink sink) {
  const std::lock_guard lock(g_sink_mutex);
  g_sink = std::move(sink);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < g_level.load() || level == Level::off) return;
  std::string line =
      fmt::format("{} {} {}", to_rfc3339(std::chrono::system_clock::now()), name(level), event);
  for (const Field& field : fields)
    line += fmt::format(" {}={}", field.key, in_quotes(field.value));

  const std::lock_guard lock(g_sink_mutex);
  if (g_sink) {
    g_sink(level, line);
  } else {
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace torchhub::log
