#pragma once

#include "server/accounts/account_store.h"
#include "server/http/response.h"
#include "server/hub_state.h"
#include "server/push/push_request.h"
#include "server/push/spool.h"

#include <cstdint>
#include <memory>
#include <string>

namespace torchhub::server {

/// Takes the body of a push to disk; its answer checks what came and moves the refs.
class PushBody final : public BodyConsumer {
 public:
  PushBody(HubState& hub, RepoRow repo, Account user, std::string request_id);

  /// @throws ApiError 400, 413; DiskFullError, FileError
  void take(std::span<const std::byte> bytes) override;
  HttpResponse finish() override;

 private:
  HubState& hub_;
  RepoRow repo_;
  Account user_;
  std::string request_id_;  ///< For the log.
  PushRequestReader reader_;
  std::unique_ptr<Spool> pack_;
  std::uint64_t total_ = 0;
};

/// The refs of a repository and what a push can ask for, as git expects them before it pushes.
std::string push_advertisement(const git::Repository& repository);

}  // namespace torchhub::server
