#pragma once

#include "hub/api.h"

#include <cstdint>
#include <string>

namespace torchhub {

/// What a HEAD of a file says (hub-protocol 6.2).
struct FileMetadata {
  std::string commit = {};
  std::string etag = {};  ///< SHA-256 of an LFS file, git blob id of others.
  std::uint64_t size = 0;
  std::string url = {};  ///< Where the bytes are; maybe on another host, maybe signed.
};

/// @param timeout without a byte. @throws BadAnswerError if something is missing in the answer,
/// HubHttpError, ConnectionError
FileMetadata fetch_metadata(const HubApi& api, const Repo& repo, const std::string& path,
                            const std::string& revision, HubApi::Tries tries,
                            std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace torchhub
