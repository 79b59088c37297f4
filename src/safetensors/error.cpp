#include "torchhub/safetensors/error.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

using Code = SafetensorsError::Code;

std::string_view advice(Code code) {
  switch (code) {
    case Code::file_too_short:
    case Code::header_past_end:
    case Code::wrong_file_size:
      return "The file is cut short or was changed; download or write it again.";
    case Code::unknown_dtype:
      return "A newer version of the format may have written it; convert it to a dtype listed.";
    case Code::leading_whitespace:
    case Code::duplicate_key:
      return "Write the file again, or open it with 'lenient' if you trust its source.";
    case Code::tensor_not_found:
      return "Check the name, or list the file's header.";
    case Code::bad_index:
      return "Download or write the index again.";
    default:
      return "The file is damaged or not in safetensors format; download or write it again.";
  }
}

std::string text(Code code, const std::string& source, const std::string& tensor,
                 const std::string& problem) {
  const std::string where = tensor.empty() ? "" : fmt::format("tensor '{}': ", tensor);
  return fmt::format("Cannot use '{}': {}{}. {}", source, where, problem, advice(code));
}

}  // namespace

SafetensorsError::SafetensorsError(Code code, std::string source, std::string tensor,
                                   const std::string& problem)
    : Error(text(code, source, tensor, problem)),
      code_(code),
      source_(std::move(source)),
      tensor_(std::move(tensor)) {}

}  // namespace torchhub
