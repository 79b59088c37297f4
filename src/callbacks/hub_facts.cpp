#include "callbacks/hub_facts.h"

#include "torchhub/push/card_repo.h"

#include <algorithm>
#include <chrono>

namespace torchhub {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(5);

/// A license is not worth a second try.
HubOptions impatient(HubOptions options) {
  options.connect_timeout = std::min(options.connect_timeout, kPatience);
  options.stall_timeout = std::min(options.stall_timeout, kPatience);
  options.retry.max_retries = 0;
  return options;
}

bool holds_weights(const RepoInfo& branch) {
  return std::any_of(branch.siblings.begin(), branch.siblings.end(), [](const RepoSibling& file) {
    return file.path == "model.safetensors" || file.path == "model.safetensors.index.json";
  });
}

}  // namespace

void HubFacts::learn_license(const HubClient& client, const std::string& base_model) {
  if (has_asked_) return;
  has_asked_ = true;
  license_ = license_of(HubClient(impatient(client.options())), base_model);
}

void HubFacts::note_start(const RepoInfo& branch) {
  if (newest_.empty() && holds_weights(branch)) newest_ = branch.sha;
}

void HubFacts::note_weights(std::int64_t step, const std::string& commit) {
  if (commit.empty()) return;
  const auto [known, is_first] = by_step_.emplace(step, commit);
  if (step == 0) known->second = commit;
  if (is_first || step == 0) newest_ = commit;
}

void HubFacts::forget_after(std::int64_t step) {
  by_step_.erase(by_step_.upper_bound(step), by_step_.end());
}

std::string HubFacts::commit_with(std::int64_t step) const {
  const auto found = by_step_.find(step);
  return found == by_step_.end() ? newest_ : found->second;
}

}  // namespace torchhub
