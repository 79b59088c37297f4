#pragma once

#include "torchhub/safetensors/dtype.h"
#include "torchhub/safetensors/error.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

/// The safetensors file format, as bytes:
/// `u64 N (little endian) | N bytes of JSON | tensors without gaps`.
namespace torchhub::safetensors {

inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// One tensor of a file. Elements are row-major and little endian.
struct TensorInfo {
  std::string name;
  Dtype dtype;
  std::vector<std::int64_t> shape = {};  ///< Empty: a scalar.
  std::uint64_t begin = 0;               ///< Bytes after Header::data_start.
  std::uint64_t end = 0;                 ///< One past the last byte.

  bool operator==(const TensorInfo&) const = default;
};

struct Header {
  std::vector<TensorInfo> tensors = {};              ///< In the order of their bytes.
  std::map<std::string, std::string> metadata = {};  ///< `__metadata__`.
  std::uint64_t data_start = 0;                      ///< 8 + N: where the tensors' bytes begin.

  bool operator==(const Header&) const = default;
};

struct HeaderOptions {
  /// Also take what safetensors 0.8 takes against the text of the format: blanks before the header
  /// and duplicate names (the last one wins).
  bool lenient = false;
};

/// 8 + N, from the first 8 bytes of a file: how much must be read to call parse_header(). Two range
/// requests so read the header of a remote file.
/// @param source the file's name for messages @throws SafetensorsError
std::uint64_t header_end(std::span<const std::byte> head, std::uint64_t file_bytes,
                         const std::string& source);

/// Checks every rule of the format.
/// @param head the file from its first byte, at least up to header_end(); the rest is not looked at
/// @throws SafetensorsError
Header parse_header(std::span<const std::byte> head, std::uint64_t file_bytes,
                    const std::string& source, const HeaderOptions& options = {});

/// The length and the JSON of `header`, padded with blanks to a multiple of 8. Writes the tensors
/// in the order they stand; `__metadata__` comes first if it holds anything. `data_start` is not
/// looked at. @throws InvalidArgumentError for names that are not UTF-8, and beyond kMaxHeaderBytes
std::string encode_header(const Header& header);

}  // namespace torchhub::safetensors
