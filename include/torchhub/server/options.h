#pragma once

#include "torchhub/base/clock.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace torchhub {

enum class Durability {
  full,    ///< What was answered survives a power cut.
  relaxed  ///< No flushes: survives the end of the process only. For tests and demos.
};

struct ServerOptions {
  std::filesystem::path data_dir = "torchhub-data";  ///< Made if missing.
  std::string listen = "127.0.0.1:8686";             ///< HOST:PORT; port 0 takes a free one.
  /// What links in answers start with, as clients have it in HF_ENDPOINT. Unset: the listener's
  /// address, or the loopback name that a request came in by.
  std::optional<std::string> base_url = std::nullopt;
  Durability durability = Durability::full;

  /// PEM files; both or none. With them the server speaks HTTPS only.
  std::filesystem::path tls_certificate = {};
  std::filesystem::path tls_key = {};

  std::chrono::milliseconds grace =
      std::chrono::seconds(10);  ///< stop() waits so long for answers.
  std::chrono::milliseconds upload_grace = std::chrono::seconds(60);  ///< The same for uploads.

  std::uint64_t max_object_bytes = std::uint64_t{200} << 30;  ///< One LFS object.
  std::uint64_t max_regular_bytes = std::uint64_t{10} << 20;  ///< One file kept in git.
  std::uint64_t max_commit_bytes = std::uint64_t{1} << 30;    ///< The body of one commit.
  unsigned max_connections = 1024;                            ///< Each has a thread of its own.
  /// Of these, from one address. Not counted where the server listens on loopback only. A proxy
  /// on another machine wants more, since every client has its address. 0: no limit.
  unsigned max_connections_per_address = 64;
  unsigned git_processes = 4;                                    ///< Clones served at once.
  std::chrono::seconds git_timeout = std::chrono::seconds(300);  ///< Of a clone that stands still.

  /// Allows fault points and chosen token values; refuses to listen beyond loopback.
  bool test_mode = false;
  /// The process ends by SIGKILL when it comes to the point of this name. Test mode only.
  std::string fault_point = {};
  /// For the expiry of signed links and the times in answers.
  std::shared_ptr<const Clock> clock = system_clock();
};

}  // namespace torchhub
