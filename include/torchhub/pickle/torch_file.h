#pragma once

#include "torchhub/base/bytes_now.h"
#include "torchhub/base/written_file.h"
#include "torchhub/pickle/reader.h"
#include "torchhub/pickle/value.h"

#include <filesystem>
#include <stop_token>

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

struct TorchSaveOptions {
  bool sha256 = false;        ///< Also give the file's digest, made while writing.
  std::stop_token stop = {};  ///< Looked at between chunks.
  BytesNow bytes_now = {};    ///< Gives the storages' bytes; unset: they are written as they lie.
};

/// Writes a file that Python's torch.load(weights_only=True) reads, in one pass over the storages.
/// Nobody sees it before it is whole. The folder inside the archive is named like the file's stem.
/// @throws InvalidArgumentError, DiskFullError, FileError, CancelledError, and what bytes_now
/// throws
WrittenFile save_torch_file(const std::filesystem::path& path, const pickle::Value& value,
                            const TorchSaveOptions& options = {});

}  // namespace torchhub
