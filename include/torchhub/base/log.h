#pragma once

#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

/// Leveled events with fields, one line each, to standard error unless a sink is set. Safe from
/// several threads. The library prints nothing else.
namespace torchhub::log {

enum class Level { debug, info, warning, error, off };

struct Field {
  template <typename Value>
  Field(std::string_view name, const Value& v) : key(name), value(fmt::format("{}", v)) {}
  std::string key;
  std::string value;
};

using Sink = std::function<void(Level, std::string_view line)>;

/// Events below `level` are dropped. Default: warning.
void set_level(Level level);
Level level();
/// Receives each finished line (without a line end). An empty function restores standard error.
void set_sink(Sink sink);

/// @param event a short name such as "push_failed"; @param fields appended as key=value, quoted
/// where they hold blanks.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace torchhub::log
