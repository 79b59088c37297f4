#pragma once

#include "torchhub/base/error.h"

#include <string>

namespace torchhub {

/// A safetensors file or shard index broke a rule of its format. The message names the file, the
/// tensor and the rule.
class SafetensorsError : public Error {
 public:
  /// One for each rule of the format, so that a program can tell them apart.
  enum class Code {
    file_too_short,      ///< Fewer than the 8 bytes of the header's length.
    header_too_large,    ///< More than 100,000,000 bytes.
    header_past_end,     ///< The header's length points behind the end of the file.
    not_utf8,            ///< The header is not UTF-8.
    not_json,            ///< The header is not one JSON object.
    leading_whitespace,  ///< The header's first byte is not `{`. Not an error when lenient.
    too_deep,            ///< JSON nested deeper than 8.
    duplicate_key,       ///< A name given twice. The last one wins when lenient.
    metadata_not_text,   ///< `__metadata__` holds something that is not text.
    bad_field,           ///< dtype, shape or data_offsets is missing or of the wrong kind.
    unknown_dtype,
    bad_shape,         ///< A size that is negative or not a whole number.
    shape_overflow,    ///< The number of bits does not fit in 64 bits.
    partial_byte,      ///< Packed 4- or 6-bit numbers that do not end at a byte's end.
    reversed_offsets,  ///< The end lies before the begin.
    size_mismatch,     ///< The offsets do not span what shape and dtype need.
    not_contiguous,    ///< A hole or an overlap between tensors, or bytes before the first.
    wrong_file_size,   ///< The last tensor does not end where the file ends.
    tensor_not_found,  ///< Asked for by name, but not in the file.
    bad_index,         ///< `*.safetensors.index.json` is not a map from tensors to sibling files.
  };

  /// @param source the file, as the user knows it
  /// @param tensor which one, empty if the whole file is meant
  /// @param problem a sentence without its full stop
  SafetensorsError(Code code, std::string source, std::string tensor, const std::string& problem);

  Code code() const { return code_; }
  const std::string& source() const { return source_; }
  const std::string& tensor() const { return tensor_; }

 private:
  Code code_;
  std::string source_;
  std::string tensor_;
};

}  // namespace torchhub
