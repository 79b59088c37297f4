#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace torchhub {

/// Copies of large files that do not change from save to save: each is made once, and later
/// snapshots link to it. A name says of which file it is and as of when, so what has changed since
/// is never taken for it.
class KeptCopies {
 public:
  explicit KeptCopies(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What a copy made now would be known by; nothing where a copy is not worth keeping: a small
  /// file, or one that was changed so lately that it might change again under the same time.
  static std::optional<std::string> name_for(const std::filesystem::path& file);

  /// Links `to` to the copy of that name. @return false if there is none
  bool link(const std::string& name, const std::filesystem::path& to);
  /// `copy`, which is on the disk and never changes, will do for later snapshots.
  void keep(const std::string& name, const std::filesystem::path& copy);
  /// Deletes what was neither linked nor kept through this object.
  void drop_others() const;

 private:
  std::filesystem::path folder_;
  std::set<std::string> used_ = {};
};

}  // namespace torchhub
