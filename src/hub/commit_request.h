#pragma once

#include "hub/upload_plan.h"
#include "torchhub/http/message.h"

#include <memory>
#include <optional>
#include <string>

namespace torchhub {

/// The lines of one commit, ready to be sent more than once with different parents.
class CommitRequest {
 public:
  CommitRequest(const HubApi& api, const Repo& repo, const CommitOptions& options);

  /// @param line a finished NDJSON line
  void add_line(std::string_view line);
  bool empty() const { return lines_.empty(); }
  /// Those that were added; the header is not among them.
  const std::string& lines() const { return lines_; }

  /// One try. @throws HubHttpError, ConnectionError
  CommitInfo send(const std::optional<std::string>& parent, std::stop_token stop) const;
  RequestContext context() const;

 private:
  const HubApi& api_;
  const Repo& repo_;
  const CommitOptions& options_;
  std::string lines_;
};

}  // namespace torchhub
