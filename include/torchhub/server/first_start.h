#pragma once

#include <string>

namespace torchhub {

struct FirstStart {
  std::string admin = "admin";  ///< The user who may do everything.
  /// Also user `demo`, organisation `demo-org` and two small repositories.
  bool demo = false;
};

/// Somebody to be on a hub that had nobody.
struct FirstUser {
  std::string name;
  std::string token;  ///< A write token's value: this is the one time it can be seen.
};

}  // namespace torchhub
