#pragma once

#include "torchhub/base/error.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// Weights that do not belong to this model: no tensor fits, or shapes differ.
class WeightMismatchError : public Error {
 public:
  using Error::Error;
};

/// A tensor whose shape in the file is not the model's.
struct MismatchedKey {
  std::string name;
  std::vector<std::int64_t> in_file = {};
  std::vector<std::int64_t> in_model = {};
};

/// What happened when a file's tensors were put into a model (models.md 6.3). Names are the
/// model's, except in unexpected_keys and first in renamed_keys.
struct LoadReport {
  std::vector<std::string> missing_keys = {};     ///< In the model only: they kept fresh values.
  std::vector<std::string> unexpected_keys = {};  ///< In the file only: ignored.
  std::vector<MismatchedKey> mismatched_keys = {};
  std::vector<std::pair<std::string, std::string>> renamed_keys = {};  ///< File's name, model's.
  std::vector<std::pair<std::string, std::string>> tied_keys = {};     ///< Alias, name it shares.
  std::vector<std::string> dtype_casts = {};            ///< "fc.weight: bfloat16 -> float32".
  std::map<std::string, std::string> file_of_key = {};  ///< For every tensor that was loaded.
  std::uint64_t bytes_read = 0;
  std::string commit_hash = {};  ///< Empty unless the files came from a hub.

  /// Nothing missing, unexpected or mismatched.
  bool complete() const;
  /// One line for each kind of fault, at most `names_shown` names each; empty if complete().
  std::string text(std::size_t names_shown = 5) const;
};

}  // namespace torchhub
