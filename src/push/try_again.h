#pragma once

#include <exception>
#include <utility>

namespace torchhub {

template <typename... Kinds>
bool is_one_of(const std::exception& error) {
  return ((dynamic_cast<const Kinds*>(&error) != nullptr) || ...);
}

/// What `commit` gives back; where it throws one of `Kinds`, since somebody else has committed, it
/// is called again: `tries` times in all.
template <typename... Kinds, typename Commit>
auto again_after(int tries, Commit&& commit) {
  for (int tried = 1;; ++tried) {
    try {
      return commit();
    } catch (const std::exception& error) {
      if (tried == tries || !is_one_of<Kinds...>(error)) throw;
    }
  }
}

}  // namespace torchhub
