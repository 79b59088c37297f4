#pragma once

#include "torchhub/pickle/value.h"

#include <memory>
#include <string>
#include <vector>

namespace torchhub::pickle {

struct WrittenPickle {
  std::string bytes;
  /// Storage i is to be stored as `data/i`.
  std::vector<std::shared_ptr<const Storage>> storages = {};
};

/// A pickle of protocol 2 that torch.load(weights_only=True) takes: no names but torch's own and
/// OrderedDict. A NumpyArray of whole numbers becomes a list.
/// @throws InvalidArgumentError for text that is not UTF-8, tensors without a storage or beyond it,
/// two element types over one storage; PickleError for a NumpyArray of other numbers
WrittenPickle write_pickle(const Value& value);

}  // namespace torchhub::pickle
