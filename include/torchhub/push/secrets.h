#pragma once

#include "torchhub/base/error.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// A file that was to be pushed holds a token. The message names file and offset, never the token.
class SecretFoundError : public Error {
 public:
  SecretFoundError(std::string path, std::uint64_t offset);
  /// Path in the repository.
  const std::string& path() const { return path_; }
  /// Of the token's first byte.
  std::uint64_t offset() const { return offset_; }

 private:
  std::string path_;
  std::uint64_t offset_ = 0;
};

/// Looks into every file below `folder` for `token`, and into text files for whatever has the shape
/// of a token of the Hub (`hf_...`, `api_org_...`; not of one letter repeated, as in examples). A
/// file with a zero byte among its first 8 KiB is no text. Reads each file once.
/// @throws SecretFoundError, FileError, CancelledError
void require_no_secrets(const std::filesystem::path& folder,
                        const std::optional<std::string>& token, const std::stop_token& stop = {});
/// The same for some of them, by path relative to `folder`.
void require_no_secrets(const std::filesystem::path& folder, const std::vector<std::string>& paths,
                        const std::optional<std::string>& token, const std::stop_token& stop = {});

}  // namespace torchhub
