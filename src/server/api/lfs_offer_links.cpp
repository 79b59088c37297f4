#include "server/api/lfs_offer_links.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace torchhub::server {

LinkGrant offer_grant(const std::string& method, const std::string& user,
                      const std::string& repo_id, const LfsPointer& object) {
  return {method + " an offer of " + user, repo_id, object};
}

nlohmann::json offer_actions(const HubState& hub, const std::string& base_url,
                             const std::string& user, const std::string& repo_id,
                             const LfsPointer& object) {
  const auto action = [&](const char* method) -> nlohmann::json {
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(LinkSigner::kLifetime);
    return {{"href", fmt::format("{}/_lfs/offer/{}/{}/{}?{}", base_url, user, repo_id, object.oid,
                                 hub.signer.query(offer_grant(method, user, repo_id, object)))},
            {"expires_in", lifetime.count()}};
  };
  return {{"upload", action("PUT")}, {"verify", action("POST")}};
}

}  // namespace torchhub::server
