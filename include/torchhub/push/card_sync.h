#pragma once

#include "torchhub/card/merge.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// README.md of a folder that is pushed again and again: what the machine wrote is refreshed, the
/// user's words stay (merge_cards()). What was generated last is kept in `_torchhub/`, which is
/// never uploaded, to tell the two apart. With CardMode::keep a card that is not just what was
/// generated last stays as it is; with CardMode::overwrite none does.
class CardSync {
 public:
  explicit CardSync(std::filesystem::path folder, CardMode mode = CardMode::merge)
      : folder_(std::move(folder)), mode_(mode) {}

  bool has_card() const;
  /// Why a Hub could not take the card that is there, such as a front matter that is no YAML.
  /// Nothing for none, and for one that is to be overwritten.
  std::optional<std::string> problem() const;
  /// Begins with a card from elsewhere, such as the one on the Hub. @throws FileError,
  /// DiskFullError
  void adopt(const std::string& card) const;
  /// Writes README.md. A card that is not readable and not to be overwritten stays as it is and
  /// must not be pushed, since a Hub would refuse the whole commit; that is logged.
  /// @param fresh just generated. @param explicit_keys see CardVersions
  /// @return what README.md now says; nothing if it is not readable. @throws FileError,
  /// DiskFullError
  std::optional<std::string> refresh(const std::string& fresh,
                                     std::vector<std::string> explicit_keys = {}) const;

 private:
  std::filesystem::path folder_;
  CardMode mode_;
};

}  // namespace torchhub
