#pragma once

#include "torchhub/pickle/torch_file.h"
#include "torchhub/weights/load.h"
#include "torchhub/weights/pickle_tensors.h"

#include <filesystem>
#include <utility>

namespace torchhub::testing {

/// Puts pytorch_model.bin in the place of a checkpoint's model.safetensors: what torch.save makes
/// of a module's state_dict(), an OrderedDict that holds the versions of its modules besides.
inline void pickle_weights(const std::filesystem::path& checkpoint) {
  pickle::Dict version;
  version.set("version", 1);
  pickle::Dict versions;
  versions.ordered = true;
  versions.set("", std::move(version));
  pickle::Dict state;
  state.ordered = true;
  for (const auto& [name, tensor] : load_safetensors(checkpoint / "model.safetensors")) {
    state.set(name, pickle_tensor(tensor));
  }
  state.attributes.emplace_back("_metadata", std::move(versions));
  save_torch_file(checkpoint / "pytorch_model.bin", std::move(state));
  std::filesystem::remove(checkpoint / "model.safetensors");
}

}  // namespace torchhub::testing
