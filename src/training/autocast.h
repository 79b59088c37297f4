#pragma once

#include <ATen/core/ScalarType.h>
#include <c10/core/Device.h>

#include <optional>

namespace torchhub {

/// While it lives, operators that are safe in a smaller type run in it, as in `torch.autocast`.
/// Nothing happens for an unset type. For the thread that made it.
class AutocastGuard {
 public:
  AutocastGuard(c10::DeviceType device, std::optional<at::ScalarType> type);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  bool active_;
  c10::DeviceType device_;
  bool was_enabled_ = false;
  at::ScalarType old_type_ = at::ScalarType::Float;
};

}  // namespace torchhub
