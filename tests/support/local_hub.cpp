#include "support/local_hub.h"

#include <fmt/format.h>

namespace torchhub::testing {

LocalHubOptions relaxed(ServerOptions options) {
  options.durability = Durability::relaxed;
  return {.server = std::move(options)};
}

LocalHub::LocalHub(LocalHubOptions options)
    : options_(std::move(options.server)), user_(std::move(options.user)) {
  options_.data_dir = data_dir();
  options_.listen = "127.0.0.1:0";
  admin_ = std::make_unique<Admin>(data_dir(), options_.durability);
  token_ = create_user(user_);
  server_ = std::make_unique<Server>(options_);
  base_url_ = server_->base_url();
  options_.listen = fmt::format("127.0.0.1:{}", server_->port());
}

LocalHub::~LocalHub() = default;

std::string LocalHub::read_token() { return admin_->create_token(user_, TokenRole::read); }

std::string LocalHub::create_user(const std::string& name) {
  admin_->create_user(name);
  return admin_->create_token(name, TokenRole::write);
}

void LocalHub::stop() { server_.reset(); }

void LocalHub::start() {
  if (!server_) server_ = std::make_unique<Server>(options_);
}

void LocalHub::serve_behind(const std::string& url) {
  stop();
  options_.base_url = url;
  start();
}

}  // namespace torchhub::testing
