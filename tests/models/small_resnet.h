#pragma once

#include "finetune/resnet_model.h"

namespace torchhub::testing {

/// The example's network with one block, for pictures of one channel.
inline ResnetConfig small_resnet() {
  ResnetConfig config;
  config.block_type = "basic";
  config.layers = {1};
  config.num_classes = 10;
  config.input_channels = 1;
  return config;
}

}  // namespace torchhub::testing
