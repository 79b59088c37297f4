#pragma once

#include <filesystem>
#include <string>

namespace torchhub {

/// README.md of a folder that is pushed again and again: what the machine wrote is refreshed, the
/// user's words stay (merge_cards()). What was generated last is kept in `_torchhub/`, which is
/// never uploaded, to tell the two apart.
class CardSync {
 public:
  explicit CardSync(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool has_card() const;
  /// Begins with a card from elsewhere, such as the one on the Hub. @throws FileError,
  /// DiskFullError
  void adopt(const std::string& card) const;
  /// Writes README.md. A card whose front matter cannot be read stays as it is; that is logged.
  /// @param fresh just generated. @return what README.md now says. @throws FileError, DiskFullError
  std::string refresh(const std::string& fresh) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace torchhub
