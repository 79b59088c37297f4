#include "server/accounts/failed_logins.h"

#include "server/traffic/client_address.h"

namespace torchhub::server {
namespace {

constexpr std::chrono::seconds kWindow = std::chrono::minutes(1);

/// What an address counts as; empty if it is not counted.
std::string counted_as(std::string_view address) {
  std::string network = network_of(address);
  const bool loopback = network.starts_with("127.") || address == "::1";
  return loopback ? std::string() : network;
}

}  // namespace

bool FailedLogins::is_over(const Window& window) const {
  return clock_.steady_now() - window.start >= kWindow;
}

std::optional<std::chrono::seconds> FailedLogins::wait_of(std::string_view address) const {
  const std::string key = counted_as(address);
  if (key.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = windows_.find(key);
  if (found == windows_.end() || found->second.failures < kLimit || is_over(found->second)) {
    return std::nullopt;
  }
  return std::chrono::ceil<std::chrono::seconds>(found->second.start + kWindow -
                                                 clock_.steady_now());
}

void FailedLogins::note(std::string_view address) {
  constexpr std::size_t kMaxAddresses = 10'000;
  const std::string key = counted_as(address);
  if (key.empty()) return;
  const std::lock_guard lock(mutex_);
  if (windows_.size() >= kMaxAddresses && !windows_.contains(key)) {
    std::erase_if(windows_, [this](const auto& entry) { return is_over(entry.second); });
    // Whoever has so many addresses is not stopped by counting; the memory is.
    if (windows_.size() >= kMaxAddresses) windows_.clear();
  }
  Window& window = windows_[key];
  if (window.failures == 0 || is_over(window)) window = {clock_.steady_now(), 0};
  ++window.failures;
}

}  // namespace torchhub::server
