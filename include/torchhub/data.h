#pragma once

/// Everything of torchhub/data.
#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/idx.h"
#include "torchhub/data/loader.h"
#include "torchhub/data/sampler.h"
