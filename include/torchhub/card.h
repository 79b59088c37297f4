#pragma once

#include "torchhub/card/card_template.h"      // IWYU pragma: export
#include "torchhub/card/errors.h"             // IWYU pragma: export
#include "torchhub/card/eval_result.h"        // IWYU pragma: export
#include "torchhub/card/eval_result_json.h"   // IWYU pragma: export
#include "torchhub/card/eval_results_file.h"  // IWYU pragma: export
#include "torchhub/card/front_matter.h"       // IWYU pragma: export
#include "torchhub/card/how_to_use.h"         // IWYU pragma: export
#include "torchhub/card/hyperparameters.h"    // IWYU pragma: export
#include "torchhub/card/long_card.h"          // IWYU pragma: export
#include "torchhub/card/merge.h"              // IWYU pragma: export
#include "torchhub/card/metadata_update.h"    // IWYU pragma: export
#include "torchhub/card/model_card.h"         // IWYU pragma: export
#include "torchhub/card/training_card.h"      // IWYU pragma: export
#include "torchhub/card/validate.h"           // IWYU pragma: export
