#pragma once

#include "torchhub/pickle/reader.h"
#include "torchhub/pickle/value.h"

#include <filesystem>

namespace torchhub {

struct TorchLoadOptions {
  bool check_crc = true;  ///< Read every byte once and compare; off: only what is used is read.
  pickle::Limits limits = {};
};

/// Reads a file of torch.save: the zip form, and the stream that PyTorch wrote before 1.6. Nothing
/// in it is run. The bytes of tensors stay in the mapped file (privately), which lives as long as
/// any storage of the tree.
/// @throws PickleError, FileError
pickle::Value load_torch_file(const std::filesystem::path& path,
                              const TorchLoadOptions& options = {});

/// Writes a file that Python's torch.load(weights_only=True) reads. Nobody sees it before it is
/// whole. The folder inside the archive is named like the file's stem.
/// @throws InvalidArgumentError, DiskFullError, FileError
void save_torch_file(const std::filesystem::path& path, const pickle::Value& value);

}  // namespace torchhub
