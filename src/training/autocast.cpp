#include "training/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace torchhub {
namespace {

// LibTorch 2.4 replaced a pair of functions for each device by one that takes the device.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool is_enabled(c10::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
void set_enabled(c10::DeviceType device, bool on) {
  at::autocast::set_autocast_enabled(device, on);
}
at::ScalarType type_of(c10::DeviceType device) { return at::autocast::get_autocast_dtype(device); }
void set_type(c10::DeviceType device, at::ScalarType type) {
  at::autocast::set_autocast_dtype(device, type);
}
#else
bool is_enabled(c10::DeviceType device) {
  return device == c10::DeviceType::CPU ? at::autocast::is_cpu_enabled()
                                        : at::autocast::is_enabled();
}
void set_enabled(c10::DeviceType device, bool on) {
  device == c10::DeviceType::CPU ? at::autocast::set_cpu_enabled(on)
                                 : at::autocast::set_enabled(on);
}
at::ScalarType type_of(c10::DeviceType device) {
  return device == c10::DeviceType::CPU ? at::autocast::get_autocast_cpu_dtype()
                                        : at::autocast::get_autocast_gpu_dtype();
}
void set_type(c10::DeviceType device, at::ScalarType type) {
  device == c10::DeviceType::CPU ? at::autocast::set_autocast_cpu_dtype(type)
                                 : at::autocast::set_autocast_gpu_dtype(type);
}
#endif

}  // namespace

AutocastGuard::AutocastGuard(c10::DeviceType device, std::optional<at::ScalarType> type)
    : active_(type.has_value()), device_(device) {
  if (!active_) return;
  was_enabled_ = is_enabled(device);
  old_type_ = type_of(device);
  set_type(device, *type);
  set_enabled(device, true);
  at::autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
  if (!active_) return;
  // Copies of weights in the smaller type are good for one forward pass only.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  set_enabled(device_, was_enabled_);
  set_type(device_, old_type_);
}

}  // namespace torchhub
