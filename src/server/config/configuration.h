#pragma once

#include "server/config/settings.h"

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// A value that somebody gave for a setting.
struct GivenValue {
  std::string name;
  std::string value;
  std::string origin;  ///< "hub.conf:3", "TORCHHUB_LISTEN", "--listen"
};

/// `key = value` lines; '#' begins a comment at the start of a line or behind a blank.
/// @throws InvalidArgumentError that lists every line that is none, or has a key that is no
/// setting; FileError
std::vector<GivenValue> values_in_file(const std::filesystem::path& path,
                                       std::span<const Setting> known);

/// Of TORCHHUB_ variables. @param environment "NAME=value", as environ(7) has them
/// @param strangers receives those with our prefix that are no setting: other programs of ours
/// have some, so they are no error, but a typing error is worth a word
std::vector<GivenValue> values_in_environment(const std::vector<std::string>& environment,
                                              std::span<const Setting> known,
                                              std::vector<std::string>& strangers);

/// Settings, and where each came from.
class Configuration {
 public:
  explicit Configuration(std::span<const Setting> known) : known_(known) {}

  /// Later values win. @throws InvalidArgumentError that names the origin
  void take(const std::vector<GivenValue>& values);
  const Settings& settings() const { return settings_; }
  /// A configuration file that says the same, with each value's origin as a comment; secrets as
  /// "***".
  std::string text() const;

 private:
  std::span<const Setting> known_;
  Settings settings_ = {};
  std::map<std::string, std::string, std::less<>> origins_ = {};
};

}  // namespace torchhub::server
