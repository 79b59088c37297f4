#pragma once

#include "server/http/request.h"
#include "server/hub_state.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server {

/// Who asks. For one request, on one thread at a time.
struct Caller {
  std::optional<TokenOwner> owner = std::nullopt;  ///< Nothing: anonymous.
  /// Roles in organisations, by id, as far as this request has looked them up.
  mutable std::map<std::string, std::string, std::less<>> known_roles = {};
};

enum class Access { none, read, write };

/// A repository, and the user who may write to it.
struct Writer {
  RepoRow repo;
  Account user;
};

/// Decides who may do what, and says no in the words that each kind of client understands.
/// Private and missing look the same, and take the same steps. Per request:
/// one look-up for the token and at most one for the role in an organisation.
class Gate {
 public:
  /// Which headers a 401 carries.
  enum class Style { api, git, lfs };

  explicit Gate(const HubState& hub, Style style = Style::api) : hub_(hub), style_(style) {}

  /// Reads Authorization. @throws ApiError 401 for credentials that are not known, and for none
  /// where the hub wants everybody signed in; 429 after too many wrong ones
  Caller caller(const HttpRequest& request) const;
  /// @throws ApiError 401 for the anonymous; as caller()
  TokenOwner signed_in(const HttpRequest& request) const;

  /// What the user may do, as far as the token lets it.
  Access access(const Caller& caller, const RepoRow& repo) const;
  /// May the user make repositories there? @throws ApiError 403, also if the token gives less
  void need_owner_right(const TokenOwner& owner, const Account& account) const;

  /// The repository that the path names. @throws ApiError 401, 404; 403 if it is disabled; 307 for
  /// a GET by a name that it had before it moved
  RepoRow readable(const HttpRequest& request) const;
  /// @throws ApiError 401, 403, 404
  Writer writer(const HttpRequest& request) const;
  RepoRow writable(const HttpRequest& request) const { return writer(request).repo; }
  RepoRow readable(const Caller& caller, RepoType type, std::string_view id) const;
  void need_write(const Caller& caller, const RepoRow& repo) const;
  /// Whoever may read `repo` may also talk and offer changes there, by a token that could write.
  /// @return who it is. @throws ApiError 401, 403
  const TokenOwner& need_voice(const Caller& caller, const RepoRow& repo) const;

  /// The repository whose files' bytes the request asks for, in whatever form: gated repositories
  /// show what they hold to all, but give it only to those who were let in.
  /// @throws ApiError as readable(), and 401 or 403 GatedRepo
  RepoRow contents(const HttpRequest& request) const;
  void need_contents(const Caller& caller, const RepoRow& repo, const std::string& base_url) const;
  bool may_have_contents(const Caller& caller, const RepoRow& repo) const;

 private:
  /// What the user may do by ownership and role alone.
  Access right_of_user(const Caller& caller, const RepoRow& repo) const;
  Access right_of_token(const TokenOwner& owner, const RepoRow& repo) const;
  /// By a scope for the repository or for its owner.
  static bool grants(const TokenOwner& owner, const RepoRow& repo, TokenPermission permission);
  static bool may_read_gated(const TokenOwner& owner, const RepoRow& repo);
  std::string role_of(const Caller& caller, std::string_view organization_id) const;
  RepoRow visible(const Caller& caller, RepoType type, std::string_view id) const;
  void need_account_role(const TokenOwner& owner, const Account& account) const;
  void refuse_disabled(const Caller& caller, const RepoRow& repo) const;
  /// Notes it if `user` may do this only as the site's admin.
  void note_site_admin(const Caller& caller, const RepoRow& repo, Access used) const;
  [[noreturn]] void refuse(int status, std::string_view message, std::string_view code = {}) const;
  [[noreturn]] void refuse_token(const TokenOwner& owner, std::string_view place) const;

  const HubState& hub_;
  Style style_;
};

/// The type that a path names by {type} or {web}.
RepoType type_of(const HttpRequest& request);

}  // namespace torchhub::server
