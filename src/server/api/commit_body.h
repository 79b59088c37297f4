#pragma once

#include "server/accounts/account_store.h"
#include "server/http/response.h"
#include "server/repos/commit_plan.h"

#include <functional>
#include <string>

namespace torchhub::server {

/// Reads the NDJSON of a commit line by line. Contents go to the intake, which keeps 32 MiB of them
/// in memory and the rest on disk, so memory is bounded by that, the longest line and the number of
/// operations.
class CommitBody final : public BodyConsumer {
 public:
  using Finish = std::function<HttpResponse(CommitPlan&, git::ObjectIntake&)>;

  /// @param user account id: what it has sent for a pull request here may be committed
  CommitBody(HubState& hub, RepoRow repo, std::string user, Finish finish);

  void take(std::span<const std::byte> bytes) override;
  HttpResponse finish() override;

 private:
  void take_line(std::string_view line);
  void take(CommitHeaderLine line);
  void take(CommitFileLine line);
  void take(CommitLfsFileLine line);
  void take(CommitDeletedFileLine line);
  void take(CommitDeletedFolderLine line);
  void take(CommitCopyFileLine line);
  /// @param text the pointer as it will lie in git
  void put_lfs(const std::string& path, const LfsPointer& pointer, const std::string& text);
  void delete_path(std::string path);

  HubState& hub_;
  RepoRow repo_;
  Finish finish_;
  git::Repository git_;
  git::ObjectIntake intake_;
  CommitPlan plan_;
  bool has_header_ = false;
  std::string line_;
  std::uint64_t total_ = 0;
};

}  // namespace torchhub::server
