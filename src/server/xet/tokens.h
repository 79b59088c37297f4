#pragma once

#include "server/lfs/link_signer.h"
#include "torchhub/base/clock.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server {

enum class XetRight {
  read,
  write,
  pull_request  ///< Sends like write, for who may read the repository and propose changes.
};

/// What a Xet token stands for.
struct XetGrant {
  std::string repo_id;
  std::string user_id;  ///< Empty for the anonymous, who may read.
  XetRight right = XetRight::read;

  friend bool operator==(const XetGrant&, const XetGrant&) = default;
};

/// Makes and reads the tokens of the Xet part of the API: signed, not stored, good for an hour.
/// Whether the user still has the right is for who reads one to ask. Safe from several threads.
class XetTokens {
 public:
  static constexpr std::chrono::hours kLifetime{1};

  XetTokens(const LinkSigner& signer, const Clock& clock) : signer_(signer), clock_(clock) {}

  struct Made {
    std::string token;
    std::int64_t expires = 0;  ///< Unix seconds.
  };
  Made make(const XetGrant& grant) const;
  /// @throws ApiError 401 for what was not made here, or has expired
  XetGrant read(std::string_view token) const;

 private:
  const LinkSigner& signer_;
  const Clock& clock_;
};

}  // namespace torchhub::server
