#include "hub/card_check.h"

#include "hub/clean_text.h"
#include "hub/json_fields.h"
#include "torchhub/base/log.h"

namespace torchhub {

std::vector<std::string> validate_yaml(const HubApi& api, const std::string& readme, RepoType type,
                                       const RequestContext& context, const std::stop_token& stop) {
  const nlohmann::json body{{"content", readme}, {"repoType", to_string(type)}};
  const Response response =
      api.send({.method = "POST",
                .url = api.endpoint() + "/api/validate-yaml",
                .headers = {{"Content-Type", "application/json"}},
                .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                .stall_timeout = api.options().stall_timeout},
               context, stop);
  if (response.status == 404) return {};  // a Hub without an opinion
  if (is_redirect(response)) api.raise_redirect(response, context);
  const nlohmann::json answer = nlohmann::json::parse(response.body, nullptr, false);
  std::vector<std::string> warnings;
  for (const nlohmann::json& warning : field(answer, "warnings")) {
    warnings.push_back(clean_text(text_field(warning, "message"), api.options().token));
    log::warning("card_warning",
                 {{"repo", context.repo ? context.repo->id.str() : ""}, {"text", warnings.back()}});
  }
  raise_for_status(response, context);
  return warnings;
}

std::vector<std::string> HubClient::validate_yaml(const std::string& readme, RepoType type,
                                                  std::stop_token stop) const {
  return torchhub::validate_yaml(impl_->api, readme, type,
                                 impl_->api.context("checking a model card"), stop);
}

}  // namespace torchhub
