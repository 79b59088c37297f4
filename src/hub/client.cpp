#include "torchhub/hub/client.h"

#include "hub/api.h"

namespace torchhub {

HubClient::HubClient(HubOptions options)
    : impl_(std::make_shared<const Impl>(Impl{.api = HubApi(std::move(options))})) {}

const HubOptions& HubClient::options() const { return impl_->api.options(); }

std::string HubClient::url_of(const Repo& repo) const { return impl_->api.web_url(repo); }

}  // namespace torchhub
