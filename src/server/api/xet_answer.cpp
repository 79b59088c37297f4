#include "server/api/xet_answer.h"

#include "torchhub/base/random_id.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

namespace torchhub::server {

using nlohmann::json;

XetAccess make_xet_access(const HubState& hub, const std::string& base_url, const XetGrant& grant) {
  const XetTokens::Made made = hub.xet_tokens.make(grant);
  return {{{"accessToken", made.token}, {"exp", made.expires}, {"casUrl", base_url}},
          {{"X-Xet-Access-Token", made.token},
           {"X-Xet-Token-Expiration", std::to_string(made.expires)},
           {"X-Xet-Cas-Url", base_url}}};
}

json xet_upload_action(const HubState& hub, const std::string& base_url, const RepoRow& repo,
                       const XetGrant& grant, const std::string& revision) {
  const XetAccess access = make_xet_access(hub, base_url, grant);
  json header = json::object();
  for (const auto& [name, value] : access.headers.fields()) header[name] = value;
  header["X-Xet-Session-Id"] = random_hex(12);
  return {{"href", fmt::format("{}/api/{}s/{}/xet-write-token/{}", base_url, to_string(repo.type),
                               repo.full_name(), percent_encode(revision))},
          {"header", std::move(header)}};
}

}  // namespace torchhub::server
