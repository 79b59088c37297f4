#pragma once

#include "torchhub/base/error.h"
#include "torchhub/http/message.h"
#include "torchhub/wire/repo.h"

#include <chrono>
#include <optional>
#include <string>

namespace torchhub {

/// What is known of an answer that is an error.
struct HttpFailure {
  int status = 0;
  std::string url = {};             ///< Without its query.
  std::string request_id = {};      ///< To be quoted to whoever runs the server.
  std::string error_code = {};      ///< X-Error-Code, such as "RepoNotFound".
  std::string server_message = {};  ///< What the server said, its parts joined by "; ".
  /// How long it asks to wait (429 and 503).
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

/// The Hub answered, and the answer is an error. Itself: 5xx and what has no class of its own.
class HubHttpError : public Error {
 public:
  HubHttpError(const std::string& message, HttpFailure failure)
      : Error(message), failure_(std::move(failure)) {}
  int status() const { return failure_.status; }
  const std::string& url() const { return failure_.url; }
  const std::string& request_id() const { return failure_.request_id; }
  const std::string& error_code() const { return failure_.error_code; }
  const std::string& server_message() const { return failure_.server_message; }
  /// How long the server asks to wait before the next try, if it says so (429 and 503).
  std::optional<std::chrono::milliseconds> retry_after() const { return failure_.retry_after; }

 private:
  HttpFailure failure_;
};

/// 400 and 422: the server does not take what was sent.
class BadRequestError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 401: the token is missing, unknown or no longer valid.
class UnauthorizedError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 403: the token is known but may not do this.
class ForbiddenError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 409: it exists already, or somebody else is changing it.
class ConflictError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 412: the branch is no longer at the commit that was named as the parent.
class HeadMovedError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 413: too large for this server.
class PayloadTooLargeError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// 429: too many requests; retry_after() says when the server wants the next one.
class RateLimitedError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// No such repository, or a private one that the caller may not see; the Hub does not say which.
class RepositoryNotFoundError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
/// The repository asks for consent that this account has not given.
class GatedRepoError : public RepositoryNotFoundError {
 public:
  using RepositoryNotFoundError::RepositoryNotFoundError;
};
class DisabledRepoError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};
class RevisionNotFoundError : public HubHttpError {
 public:
  using HubHttpError::HubHttpError;
};

/// A file is not there: on the Hub, or in the cache. Not a std::exception itself, so that one
/// `catch (const EntryNotFoundError&)` takes both without a diamond.
class EntryNotFoundError {
 public:
  virtual ~EntryNotFoundError() = default;
  /// The path in the repository that was asked for; empty for a whole snapshot.
  virtual const std::string& entry() const = 0;
  virtual const char* message() const = 0;
};
/// The repository and the revision exist; the file does not.
class RemoteEntryNotFoundError : public HubHttpError, public EntryNotFoundError {
 public:
  RemoteEntryNotFoundError(const std::string& text, HttpFailure failure, std::string entry,
                           std::string commit = {})
      : HubHttpError(text, std::move(failure)),
        entry_(std::move(entry)),
        commit_(std::move(commit)) {}
  const std::string& entry() const override { return entry_; }
  const char* message() const override { return what(); }
  /// The commit that lacks the file; empty if the server did not say.
  const std::string& commit() const { return commit_; }

 private:
  std::string entry_;
  std::string commit_;
};
/// Not in the cache, and the Hub could not be asked.
class LocalEntryNotFoundError : public Error, public EntryNotFoundError {
 public:
  LocalEntryNotFoundError(const std::string& text, std::string entry)
      : Error(text), entry_(std::move(entry)) {}
  const std::string& entry() const override { return entry_; }
  const char* message() const override { return what(); }

 private:
  std::string entry_;
};
/// The cached snapshot lacks files that the repository has at that commit.
class IncompleteSnapshotError : public LocalEntryNotFoundError {
 public:
  using LocalEntryNotFoundError::LocalEntryNotFoundError;
};

/// A request was needed and HubOptions::offline forbids it.
class OfflineModeIsEnabled : public Error {
 public:
  using Error::Error;
};
/// The call needs a token and none was given.
class LocalTokenNotFoundError : public Error {
 public:
  using Error::Error;
};
/// The bytes that arrived are not those that the Hub announced. Nothing of them was kept.
class CorruptDownloadError : public Error {
 public:
  using Error::Error;
};
/// The server's answer does not follow the protocol.
class BadAnswerError : public Error {
 public:
  using Error::Error;
};

/// What a request was about, for the message of its error.
struct RequestContext {
  std::string doing;  ///< As in "creating the repository": the message says "while creating ...".
  std::string endpoint = {};
  std::optional<Repo> repo = std::nullopt;
  std::string revision = {};
  std::string path = {};
  /// The one that was sent. Masked where a server repeats it; never part of a message.
  std::optional<std::string> token = std::nullopt;
  bool writing = false;  ///< A 401 without a code is then the token's fault, not the repository's.
};

/// Returns if the answer is 2xx or 3xx. The one place where a status becomes an error.
/// @throws HubHttpError of the class that fits
void raise_for_status(const Response& response, const RequestContext& context);

}  // namespace torchhub
