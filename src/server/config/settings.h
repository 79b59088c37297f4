#pragma once

#include "torchhub/server/options.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::server {

/// What `torchhub serve` can be told.
struct Settings {
  ServerOptions server = {};
  std::string address_file = {};
  std::string admin = "admin";
  std::string log_level = "warning";
  bool demo = false;
};

/// One of them: a flag `--name`, the variable TORCHHUB_NAME and a key of the configuration file.
struct Setting {
  struct Value {
    /// @throws InvalidArgumentError for what the setting cannot be
    std::function<void(Settings&, const std::string&)> set;
    /// As set() reads it; empty if there is none.
    std::function<std::string(const Settings&)> get;
  };

  std::string_view name;
  std::string_view form;  ///< What a value looks like, "SIZE"; empty for a switch.
  Value value;
  std::string_view help;
  enum class Kind {
    plain,
    list,   ///< Of words between commas; as an option it may be given several times.
    secret  ///< Its value is never shown.
  };
  Kind kind = Kind::plain;

  bool is_switch() const { return form.empty(); }
  /// "TORCHHUB_MAX_OBJECT"
  std::string variable() const;
};

/// Every setting, in the order of the help.
std::span<const Setting> all_settings();

}  // namespace torchhub::server
