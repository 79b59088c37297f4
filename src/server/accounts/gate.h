#pragma once

#include "server/http/request.h"
#include "server/hub_state.h"

#include <optional>
#include <string_view>

namespace torchhub::server {

/// Who asks.
struct Caller {
  std::optional<TokenOwner> owner = std::nullopt;  ///< Nothing: anonymous.
};

enum class Access { none, read, write };

/// Decides who may do what, and says no in the words that each kind of client understands
/// (server.md section 5). Private and missing look the same.
class Gate {
 public:
  /// Which headers a 401 carries.
  enum class Style { api, git, lfs };

  explicit Gate(const HubState& hub, Style style = Style::api) : hub_(hub), style_(style) {}

  /// Reads Authorization. @throws ApiError 401 for a token that is not known
  Caller caller(const HttpRequest& request) const;
  /// @throws ApiError 401 for the anonymous
  TokenOwner signed_in(const HttpRequest& request) const;

  Access access(const Caller& caller, const RepoRow& repo) const;
  /// May the user create and delete repositories there? @throws ApiError 403, and for a read token
  void need_owner_right(const TokenOwner& owner, const Account& account) const;

  /// The repository that the path names. @throws ApiError 401, 404
  RepoRow readable(const HttpRequest& request) const;
  /// @throws ApiError 401, 403, 404
  RepoRow writable(const HttpRequest& request) const;
  RepoRow readable(const Caller& caller, RepoType type, std::string_view id) const;
  void need_write(const Caller& caller, const RepoRow& repo) const;

 private:
  [[noreturn]] void refuse(int status, std::string_view message, std::string_view code) const;

  const HubState& hub_;
  Style style_;
};

/// The type that a path names by {type} or {web}.
RepoType type_of(const HttpRequest& request);

}  // namespace torchhub::server
