#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/hub/errors.h"
#include "torchhub/hub/options.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// 304 is none: it leads nowhere.
inline bool is_redirect(const Response& response) {
  return response.status >= 300 && response.status < 400 && response.status != 304;
}

/// Requests to one endpoint: adds our headers, keeps the token at home, turns bad answers into
/// errors. Safe from several threads.
class HubApi {
 public:
  explicit HubApi(HubOptions options);

  enum class Tries { once, with_retries };
  enum class Identity { ours, anonymous };  ///< anonymous: signed links, which need no token.

  const HubOptions& options() const { return options_; }
  const std::string& endpoint() const { return options_.endpoint; }
  /// "{endpoint}/api/models/{id}" and what follows.
  std::string api_url(const Repo& repo, std::string_view rest = "") const;
  /// "{endpoint}/{prefix}{id}" and what follows.
  std::string web_url(const Repo& repo, std::string_view rest = "") const;
  std::string resolve_url_of(const Repo& repo, std::string_view revision,
                             std::string_view path) const;
  bool is_ours(std::string_view url) const;

  RequestContext context(std::string doing, const std::optional<Repo>& repo = std::nullopt,
                         std::string revision = {}, std::string path = {}) const;
  /// The same for a request that changes something. @throws LocalTokenNotFoundError
  RequestContext writing(std::string doing, const std::optional<Repo>& repo,
                         std::string revision = {}, std::string path = {}) const;

  /// Any answer; only a missing one is an error.
  Response send(Request request, const RequestContext& context, std::stop_token stop,
                Tries tries = Tries::with_retries, Identity identity = Identity::ours) const;
  /// Follows redirects within our origin. @throws HubHttpError for 4xx and 5xx, BadAnswerError for
  /// a redirect that is not followed (that of a HEAD is the answer)
  Response call(Request request, const RequestContext& context, std::stop_token stop,
                Tries tries = Tries::with_retries, Identity identity = Identity::ours) const;
  /// For a redirect that is not followed: what was asked for was not done. @throws BadAnswerError
  [[noreturn]] void raise_redirect(const Response& response, const RequestContext& context) const;
  /// Where a redirect leads, as an absolute URL. @throws BadAnswerError if https ends there
  std::string redirect_target(std::string_view from, std::string_view location,
                              const RequestContext& context) const;
  nlohmann::json get_json(const std::string& url, const RequestContext& context,
                          std::stop_token stop) const;
  nlohmann::json post_json(const std::string& url, const nlohmann::json& body,
                           const RequestContext& context, std::stop_token stop,
                           bool safe_to_repeat) const;
  /// All pages of a list that `Link: <...>; rel="next"` strings together; 0: no limit.
  std::vector<nlohmann::json> get_pages(const std::string& url, const RequestContext& context,
                                        std::stop_token stop, std::size_t limit = 0) const;
  /// @throws BadAnswerError
  nlohmann::json parse_json(const Response& response, const RequestContext& context) const;

 private:
  /// A URL that the server named, for a message.
  std::string shown(std::string_view url) const;
  std::optional<std::string> redirect_within(const Request& request,
                                             const Response& response) const;

  HubOptions options_;
  std::string origin_;
  std::string user_agent_;
  std::shared_ptr<Transport> once_;
  std::shared_ptr<Transport> retrying_;
};

struct HubClient::Impl {
  HubApi api;
};

}  // namespace torchhub
