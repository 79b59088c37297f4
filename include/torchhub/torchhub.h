#pragma once

/// Everything of torchhub but the server, for programs that train. Takes as long to compile as
/// torch/torch.h, which every such program includes anyway.
#include "torchhub/base/log.h"
#include "torchhub/callbacks/jsonl_log.h"
#include "torchhub/callbacks/progress.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/card.h"
#include "torchhub/data.h"
#include "torchhub/hub.h"
#include "torchhub/models.h"
#include "torchhub/safetensors/error.h"
#include "torchhub/trainer.h"
#include "torchhub/training/callback.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/training/metrics.h"
