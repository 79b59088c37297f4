#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/http/retry.h"
#include "torchhub/http/transport.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace torchhub {

/// Where the Hub is, who we are there, and where downloads are kept.
struct HubOptions {
  /// No `/` at its end, no user name, no query.
  std::string endpoint = "https://huggingface.co";
  /// Sent to `endpoint` only, never to another origin. Unset: anonymous.
  std::optional<std::string> token = std::nullopt;
  /// Shared with the Python client. Needed by everything that downloads.
  std::filesystem::path cache_dir = {};
  /// No request leaves; what needs one throws OfflineModeIsEnabled.
  bool offline = false;
  /// Put before our own part of the User-Agent, as in "my-app/1.0".
  std::string library = {};
  /// Appended to the User-Agent as `origin/...`.
  std::string user_agent_origin = {};

  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// The first question after a file's metadata; when it runs out, the cache answers.
  std::chrono::milliseconds etag_timeout = std::chrono::seconds(10);
  /// A transfer that moves no byte for this long is broken off (and taken up again where it can
  /// be).
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  /// How long the server may think about a commit or about joining the parts of a large file.
  std::chrono::milliseconds commit_timeout = std::chrono::minutes(3);
  RetryPolicy retry = {};

  /// CA bundle for https; unset: the system's.
  std::optional<std::filesystem::path> ca_file = std::nullopt;
  /// Files that are downloaded, and large ones uploaded, at the same time. At least 1.
  int download_workers = 8;
  int upload_workers = 5;
  /// false: whole files in the cache's snapshots, as where links cannot be made.
  bool use_symlinks = true;

  /// Sends the requests; unset: libcurl. Retries and the token are added around it.
  std::shared_ptr<Transport> transport = nullptr;
  /// Times the waits between tries.
  std::shared_ptr<const Clock> clock = system_clock();

  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// What the Python client would take from the environment: HF_ENDPOINT, HF_TOKEN
  /// (HUGGING_FACE_HUB_TOKEN), the token file at HF_TOKEN_PATH or $HF_HOME/token,
  /// HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HOME, XDG_CACHE_HOME, HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE),
  /// HF_HUB_OFFLINE (TRANSFORMERS_OFFLINE), HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT,
  /// HF_HUB_DISABLE_SYMLINKS, HF_HUB_USER_AGENT_ORIGIN, SSL_CERT_FILE. Nothing else of the plain
  /// half looks there but push/secrets.h, for what must not go up. @throws InvalidArgumentError for
  /// a value that cannot be meant, FileError if a token file is there and cannot be read
  static HubOptions from_environment();
  /// The same with an environment of your own.
  static HubOptions from_environment(const Environment& environment);
};

}  // namespace torchhub
