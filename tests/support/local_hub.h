#pragma once

#include "support/temp_dir.h"
#include "torchhub/server/admin.h"
#include "torchhub/server/server.h"

#include <memory>
#include <optional>
#include <string>

namespace torchhub::testing {

struct LocalHubOptions {
  std::string user = "demo";  ///< Made afresh, with a write token.
  /// data_dir and listen are set by LocalHub; everything else is taken as it is.
  ServerOptions server = {.durability = Durability::relaxed};
};
/// A hub with these options, but for the durability: no test outlives its machine.
LocalHubOptions relaxed(ServerOptions options);

/// A real server in this process, on a free loopback port, over a fresh data folder that goes away
/// at the end of the scope. Link torchhub_test_local_hub.
class LocalHub {
 public:
  explicit LocalHub(LocalHubOptions options = {});
  ~LocalHub();
  LocalHub(const LocalHub&) = delete;
  LocalHub& operator=(const LocalHub&) = delete;

  /// "http://127.0.0.1:40123"
  const std::string& base_url() const { return base_url_; }
  const std::string& user() const { return user_; }
  /// Of user(), role write.
  const std::string& token() const { return token_; }
  /// A new token of user() with role read.
  std::string read_token();
  /// A write token of a new user.
  std::string create_user(const std::string& name);
  Admin& admin() { return *admin_; }
  std::filesystem::path data_dir() const { return folder_ / "data"; }

  /// The server goes away; base_url() refuses connections.
  void stop();
  /// The same data on the same port again.
  void start();
  /// Starts again with links in its answers that begin with `url`, as behind a proxy there.
  /// base_url() stays the server's own.
  void serve_behind(const std::string& url);

 private:
  TempDir folder_;
  ServerOptions options_;
  std::string user_;
  std::string base_url_ = {};
  std::string token_ = {};
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Server> server_;
};

}  // namespace torchhub::testing
