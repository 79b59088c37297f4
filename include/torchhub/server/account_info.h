#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace torchhub {

/// A user or an organisation, as an administrator sees it.
struct AccountInfo {
  std::string name;
  std::string fullname = {};  ///< For people to read; the name, unless somebody set another.
  std::string email = {};     ///< Empty: none. Shown to the user alone.
  bool private_default =
      false;                ///< New repositories are private unless their maker says otherwise.
  bool site_admin = false;  ///< May do everything everywhere.
  bool disabled = false;    ///< Its tokens are refused; its repositories stay.
  std::chrono::system_clock::time_point created = {};
};

/// What an administrator may set of an account. Unset fields stay as they are.
struct AccountSettings {
  std::optional<std::string> fullname =
      std::nullopt;                                 ///< Empty: the account's name. Up to 256 bytes.
  std::optional<std::string> email = std::nullopt;  ///< Empty: none. Up to 256 bytes.
  std::optional<bool> private_default = std::nullopt;
  std::optional<bool> site_admin = std::nullopt;  ///< Of users only.
  std::optional<bool> disabled = std::nullopt;    ///< Of users only.
};

}  // namespace torchhub
