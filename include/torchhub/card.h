#pragma once

#include "torchhub/card/errors.h"           // IWYU pragma: export
#include "torchhub/card/eval_result.h"      // IWYU pragma: export
#include "torchhub/card/front_matter.h"     // IWYU pragma: export
#include "torchhub/card/hyperparameters.h"  // IWYU pragma: export
#include "torchhub/card/merge.h"            // IWYU pragma: export
#include "torchhub/card/model_card.h"       // IWYU pragma: export
#include "torchhub/card/training_card.h"    // IWYU pragma: export
