#pragma once

#include "torchhub/server/errors.h"
#include "torchhub/server/first_start.h"
#include "torchhub/server/options.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// A self-hosted Hub: the HTTP API that Hub clients speak, git repositories, LFS objects. Answers
/// requests on threads of its own from the end of the constructor until stop().
class Server {
 public:
  /// Opens (or makes) the data folder, locks it, listens.
  /// @throws ListenError, DataFolderInUseError, InvalidArgumentError, FileError
  explicit Server(ServerOptions options);
  /// As stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What to set HF_ENDPOINT to: "http://127.0.0.1:40123", no slash at the end.
  const std::string& base_url() const;
  /// Where it answers: URLs and "unix:PATH", in the order of ServerOptions; base_url() and port()
  /// are of the first.
  const std::vector<std::string>& addresses() const;
  /// The port that was taken.
  std::uint16_t port() const;
  /// The port of ServerOptions::metrics_listen; 0 without one.
  std::uint16_t metrics_port() const;
  /// What works, but not as its users may expect: a sentence each, for the start-up text.
  const std::vector<std::string>& warnings() const;

  /// On a hub without users: makes the site's admin and, for a demo, some more to look at.
  /// @return the first user, `demo` if there is one, with a token; nothing on any other hub
  /// @throws InvalidArgumentError if the admin's name cannot be one
  std::optional<FirstUser> first_start(const FirstStart& wanted);

  /// Reads the certificate and its key again, for connections from now on, and opens the access
  /// log anew; what is in use stays so if that fails. Safe from any thread.
  /// @throws TlsError, FileError
  void reload();

  /// Accepts nothing new, lets requests under way finish for ServerOptions::grace, then closes.
  /// Safe to call from any thread, and again.
  void stop();
  /// The same without waiting: requests under way are cut off, as safely as by a power cut. Ends
  /// the wait of a stop() in another thread as well.
  void stop_now();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
