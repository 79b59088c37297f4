#pragma once

#include "torchhub/base/bytes_now.h"
#include "torchhub/base/written_file.h"
#include "torchhub/safetensors/dtype.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

namespace safetensors {

/// What to write. The bytes are borrowed: row-major, little endian, exactly what dtype and shape
/// take.
struct TensorView {
  std::string name;
  Dtype dtype;
  std::vector<std::int64_t> shape = {};
  std::span<const std::byte> bytes = {};
};

struct WriteOptions {
  /// `__metadata__`. Transformers 4 refuses a file without `format`.
  std::map<std::string, std::string> metadata = {{"format", "pt"}};
  bool sha256 = false;        ///< Also give the file's digest, made while writing.
  std::stop_token stop = {};  ///< Looked at between chunks.
  BytesNow bytes_now = {};    ///< Gives the tensors' bytes; unset: they are written as they lie.
};

using torchhub::WrittenFile;

}  // namespace safetensors

/// Writes the file that safetensors 0.8 writes for these tensors, byte for byte: greatest dtype
/// first, then by name, so that every tensor is aligned. Nobody sees the file before it is whole;
/// its mode follows the umask.
/// @throws InvalidArgumentError (double names, wrong byte counts), DiskFullError, FileError,
/// CancelledError, and what bytes_now throws
WrittenFile write_safetensors(const std::filesystem::path& path,
                              std::vector<safetensors::TensorView> tensors,
                              const safetensors::WriteOptions& options = {});

}  // namespace torchhub
