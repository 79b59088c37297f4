#pragma once

#include "torchhub/pickle/value.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace torchhub {

/// The settings that optimizer.pt holds of one parameter group. As in Python, a resumed optimizer
/// has those of the file, whatever this run asked for; where they differ, a warning says so.
/// Throws InvalidArgumentError, PickleError.
class SavedGroup {
 public:
  SavedGroup(const pickle::Dict& saved, std::size_t group) : saved_(saved), group_(group) {}

  const pickle::Dict& dict() const { return saved_; }
  /// Refuses the file of another kind of optimizer, which lacks the key.
  void require_kind(std::string_view key, std::string_view optimizer) const;
  /// Refuses a flag that is set to what we do not do.
  void require_flag(std::string_view key, bool value) const;

  /// The file's number, 0 or above unless it may be `negative`; `now` where there is none.
  double number(std::string_view key, double now) const;
  double any_number(std::string_view key, double now) const;
  bool flag(std::string_view key, bool now) const;
  /// Item `index` of a tuple, in [0, 1).
  double fraction(std::string_view key, std::size_t index, double now) const;
  std::optional<double> optional_fraction(std::string_view key, std::optional<double> now) const;

 private:
  double taken(std::string_view key, double now, double in_file) const;

  const pickle::Dict& saved_;
  std::size_t group_;
};

}  // namespace torchhub
