#pragma once

/// Models: configs, Auto classes, and the architectures that come with the library.
#include "torchhub/models/auto.h"
#include "torchhub/models/config.h"
#include "torchhub/models/model.h"
#include "torchhub/models/outputs.h"
#include "torchhub/models/push_to_hub.h"
#include "torchhub/models/registry.h"
#include "torchhub/models/timm_resnet.h"
