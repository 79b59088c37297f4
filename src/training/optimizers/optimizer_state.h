#pragma once

#include <torch/torch.h>

#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace torchhub {

/// The key under which a LibTorch optimizer keeps a parameter's state: its address, as text before
/// LibTorch 2.0 and as a pointer since.
template <typename StateMap>
typename StateMap::key_type optimizer_state_key(const StateMap& /*map*/,
                                                const at::Tensor& parameter) {
  if constexpr (std::is_same_v<typename StateMap::key_type, std::string>) {
    std::ostringstream text;
    text << parameter.unsafeGetTensorImpl();
    return text.str();
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

/// The state of `parameter`, or null before its first update. @tparam State what the optimizer
/// keeps, such as torch::optim::AdamWParamState
template <typename State>
const State* optimizer_state(const torch::optim::Optimizer& optimizer,
                             const at::Tensor& parameter) {
  const auto& map = optimizer.state();
  const auto found = map.find(optimizer_state_key(map, parameter));
  if (found == map.end()) return nullptr;
  return static_cast<const State*>(found->second.get());
}

/// Replaces the state, or takes it away where `state` is null.
inline void set_optimizer_state(torch::optim::Optimizer& optimizer, const at::Tensor& parameter,
                                std::unique_ptr<torch::optim::OptimizerParamState> state) {
  auto& map = optimizer.state();
  const auto key = optimizer_state_key(map, parameter);
  if (state) {
    map[key] = std::move(state);
  } else {
    map.erase(key);
  }
}

}  // namespace torchhub
