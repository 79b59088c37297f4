#pragma once

#include "torchhub/fwd.h"

namespace torchhub {

/// `label` or else `label_ids` becomes `labels`, unless there is one: int64 if they are whole
/// numbers, else float32.
/// @param batch stacked columns
Batch with_label_column(Batch batch);

}  // namespace torchhub
