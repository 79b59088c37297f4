#pragma once

/// Everything of torchhub/data.
#include "torchhub/data/collator.h"
#include "torchhub/data/composed_dataset.h"
#include "torchhub/data/csv.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/error.h"
#include "torchhub/data/flattening.h"
#include "torchhub/data/idx.h"
#include "torchhub/data/iterable_dataset.h"
#include "torchhub/data/jsonl.h"
#include "torchhub/data/loader.h"
#include "torchhub/data/padding.h"
#include "torchhub/data/record_dataset.h"
#include "torchhub/data/record_file.h"
#include "torchhub/data/sampler.h"
#include "torchhub/data/text.h"
#include "torchhub/data/token_collators.h"
