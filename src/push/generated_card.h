#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace torchhub {

/// The cards that were generated for a folder's README.md, in `_torchhub/generated-card.json`, to
/// tell what the machine wrote there from what people did. A process may be killed between noting
/// one and writing README.md: either way what is there is compared with the card it was made of.
class GeneratedCard {
 public:
  explicit GeneratedCard(const std::filesystem::path& folder)
      : file_(folder / "_torchhub" / "generated-card.json") {}

  /// The one that `readme` was made of, if that is known. @throws FileError
  std::optional<std::string> behind(const std::string& readme) const;
  /// Before README.md is written. @throws FileError, DiskFullError
  /// @param readme as it is now. @param next_readme as it will be, made of `next`
  void note(const std::string& next, const std::string& readme,
            const std::string& next_readme) const;

 private:
  std::filesystem::path file_;
};

}  // namespace torchhub
