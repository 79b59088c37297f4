#include "server/api/xet_answer.h"

namespace torchhub::server {

XetAccess make_xet_access(const HubState& hub, const std::string& base_url, const XetGrant& grant) {
  const XetTokens::Made made = hub.xet_tokens.make(grant);
  return {{{"accessToken", made.token}, {"exp", made.expires}, {"casUrl", base_url}},
          {{"X-Xet-Access-Token", made.token},
           {"X-Xet-Token-Expiration", std::to_string(made.expires)},
           {"X-Xet-Cas-Url", base_url}}};
}

}  // namespace torchhub::server
