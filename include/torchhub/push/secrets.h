#pragma once

#include "torchhub/base/error.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// A file that was to be pushed holds a token. The message names file and offset, and the
/// environment variable that has the token if one does; never the token.
class SecretFoundError : public Error {
 public:
  SecretFoundError(std::string path, std::uint64_t offset, std::string variable = {});
  /// Path in the repository.
  const std::string& path() const { return path_; }
  /// Of the token's first byte.
  std::uint64_t offset() const { return offset_; }
  /// Such as "WANDB_API_KEY"; empty: the token is known otherwise, or by its shape.
  const std::string& variable() const { return variable_; }

 private:
  std::string path_;
  std::uint64_t offset_ = 0;
  std::string variable_;
};

/// Looks into every file below `folder` for `token` and for what the environment has of secrets
/// (HF_TOKEN, HUGGING_FACE_HUB_TOKEN, WANDB_API_KEY, COMET_API_KEY, NEPTUNE_API_TOKEN; 16 bytes and
/// more), and into text files for whatever has the shape of a token of the Hub (`hf_...`,
/// `api_org_...`; not of one letter repeated, as in examples). A file with a zero byte among its
/// first 8 KiB is no text. Opens each file once. Reads the environment: as getenv(), not while
/// another thread changes it.
/// @throws SecretFoundError, FileError, CancelledError
void require_no_secrets(const std::filesystem::path& folder,
                        const std::optional<std::string>& token, const std::stop_token& stop = {});
/// The same for some of them, by path relative to `folder`.
void require_no_secrets(const std::filesystem::path& folder, const std::vector<std::string>& paths,
                        const std::optional<std::string>& token, const std::stop_token& stop = {});
/// The same for files that lie in several places, by path in the repository.
void require_no_secrets(const std::map<std::string, std::filesystem::path>& files,
                        const std::optional<std::string>& token, const std::stop_token& stop = {});

}  // namespace torchhub
