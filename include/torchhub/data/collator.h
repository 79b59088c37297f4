#pragma once

#include "torchhub/fwd.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace torchhub {

/// Makes a batch of samples. Called from the loader's threads, so it must not change itself.
/// @param seed differs for each batch and depends only on the data seed, the epoch and the batch's
/// number: a collator that draws random numbers seeds its own generator with it, and then gives the
/// same batch after a resume and with any number of workers.
using Collator = std::function<Batch(const std::vector<Batch>& samples, std::uint64_t seed)>;

/// Stacks every name of the first sample to [batch, ...]; names that only others have are ignored,
/// an undefined tensor counts as absent. `labels`, or else `label`, or else `label_ids` becomes
/// `labels`: int64 if the first sample's are whole numbers, else float32 (transformers 5.12
/// `default_data_collator`).
/// @throws DatasetError naming the sample and the name if one is missing or of another shape, or if
/// there is no sample
Batch default_data_collator(const std::vector<Batch>& samples, std::uint64_t seed);

}  // namespace torchhub
