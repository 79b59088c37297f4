#pragma once

#include "torchhub/base/clock.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

enum class Durability {
  full,    ///< What was answered survives a power cut.
  relaxed  ///< No flushes: survives the end of the process only. For tests and demos.
};

struct ServerOptions {
  std::filesystem::path data_dir = "torchhub-data";  ///< Made if missing.
  /// HOST:PORT, where port 0 takes a free one; or "unix:PATH", which needs base_url.
  std::string listen = "127.0.0.1:8686";
  /// Others where the same hub answers.
  std::vector<std::string> more_listen = {};
  /// What links in answers start with, as clients have it in HF_ENDPOINT. Unset: the listener's
  /// address, or the loopback name that a request came in by.
  std::optional<std::string> base_url = std::nullopt;
  /// Other addresses that clients have it by. A request whose Host is that of one of these, or of
  /// base_url, gets links that start with it.
  std::vector<std::string> more_base_urls = {};
  Durability durability = Durability::full;
  /// How long a request waits for another program that writes to the database; then 503.
  std::chrono::milliseconds database_wait = std::chrono::seconds(10);

  /// PEM files; both or none. With them the server speaks HTTPS only.
  std::filesystem::path tls_certificate = {};
  std::filesystem::path tls_key = {};

  std::chrono::milliseconds grace =
      std::chrono::seconds(10);  ///< stop() waits so long for answers.
  std::chrono::milliseconds upload_grace = std::chrono::seconds(60);  ///< The same for uploads.

  std::uint64_t max_object_bytes = std::uint64_t{200} << 30;  ///< One LFS object.
  /// A larger LFS object goes up in parts, if the client can do that.
  std::uint64_t multipart_threshold_bytes = std::uint64_t{100} << 20;
  /// One such part; more where it takes over 10,000 of them. > 0.
  std::uint64_t multipart_chunk_bytes = std::uint64_t{64} << 20;
  std::uint64_t max_regular_bytes = std::uint64_t{10} << 20;  ///< One file kept in git.
  std::uint64_t max_commit_bytes = std::uint64_t{1} << 30;    ///< The body of one commit.
  std::uint64_t max_push_bytes = std::uint64_t{2} << 30;      ///< The body of one `git push`.
  /// Bytes of LFS objects that one repository, and one account in all of its repositories, may
  /// have; 0: no limit.
  std::uint64_t max_repo_bytes = 0;
  std::uint64_t max_account_bytes = 0;
  std::uint64_t max_push_objects = 100'000;  ///< New files, folders and commits of one push.
  unsigned max_connections = 1024;           ///< Each has a thread of its own.
  /// Of these, from one address. Not counted where the server listens on loopback only. A proxy
  /// on another machine wants more, since every client has its address. 0: no limit.
  unsigned max_connections_per_address = 64;
  /// LFS objects that one user may be sending at once, each in one piece or in parts. 0: no limit.
  unsigned max_uploads_per_user = 8;
  /// Repositories that one user may make in an hour; clients on this machine are not counted,
  /// unless rate_loopback. 0: no limit.
  unsigned max_new_repos_per_hour = 100;
  unsigned git_processes = 4;  ///< Clones and pushes at once.
  /// How long one may stand still, be kept waiting by its client in all, or wait for its turn. Each
  /// 64 KiB that the client takes gives it a second more.
  std::chrono::seconds git_timeout = std::chrono::seconds(300);

  /// How often what nobody needs any more is taken away (collect.h); 0: never.
  std::chrono::milliseconds gc_interval = std::chrono::milliseconds(0);
  std::chrono::milliseconds gc_grace = std::chrono::hours(14 * 24);

  /// Requests that one client may make in five minutes: to the API, for files, and for all else. A
  /// client without a token has half of it. Clients on this machine are not counted.
  unsigned rate_api = 1000;
  unsigned rate_resolve = 5000;
  unsigned rate_pages = 200;
  bool rate_loopback = false;  ///< Count clients on this machine too.

  /// Receives a line of JSON for each request; "-" is standard output; empty for none.
  std::filesystem::path access_log = {};
  /// HOST:PORT that answers /metrics, /healthz and /readyz to anybody; empty for none. Elsewhere
  /// /metrics wants the token of a site admin.
  std::string metrics_listen = {};
  std::uint64_t min_free_bytes = std::uint64_t{1} << 30;  ///< Below it /readyz says no.
  /// Origins whose pages may use the API: "https://example.org". Cookies never count there.
  std::vector<std::string> cors_origins = {};
  /// Addresses of proxies whose X-Forwarded-For tells the client's address; "unix" for one that
  /// comes through a Unix socket.
  std::vector<std::string> trusted_proxies = {};

  /// Public repositories need no token. Off: nothing but /healthz is for the anonymous.
  bool anonymous_read = true;
  /// An LFS batch whose client offers Xet is answered with Xet: for tests of such clients. Plain
  /// LFS is cheaper for both sides.
  bool lfs_prefer_xet = false;

  /// Allows fault points and chosen token values; refuses to listen beyond loopback.
  bool test_mode = false;
  /// The process ends by SIGKILL at the point of this name; "NAME=FIFO": waits. Test mode only.
  std::string fault_point = {};
  /// For the expiry of signed links and the times in answers.
  std::shared_ptr<const Clock> clock = system_clock();
};

}  // namespace torchhub
