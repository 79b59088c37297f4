#include "torchhub/weights/host_copies.h"

#include "torchhub/base/log.h"

#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace torchhub {
namespace {

/// What `later` is given from here on begins when `first` has done what it was given so far.
void put_after(const c10::Stream& first, const c10::Stream& later) {
  c10::Event done(first.device_type());
  done.record(first);
  done.block(later);
}

c10::Stream current_stream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

/// Undefined where the host has no more memory that can be pinned: then the slow way has to do.
at::Tensor pinned_like(const at::Tensor& source) {
  try {
    return at::empty(source.sizes(), source.options().device(at::kCPU).pinned_memory(true));
  } catch (const c10::Error& error) {
    log::warning("no_pinned_memory_for_a_save",
                 {{"bytes", source.nbytes()}, {"error", error.what_without_backtrace()}});
    return {};
  }
}

}  // namespace

at::Tensor on_host(const at::Tensor& tensor) { return tensor.detach().cpu().contiguous(); }

at::Tensor HostCopies::take(const at::Tensor& tensor) {
  const at::Tensor source = tensor.detach().contiguous();
  if (!source.is_cuda()) return on_host(source);
  const at::Tensor host = pinned_like(source);
  if (!host.defined()) return on_host(source);
  const c10::Stream stream = stream_of(source.device());
  put_after(current_stream(source.device()), stream);
  const c10::StreamGuard beside(stream);
  host.copy_(source, /*non_blocking=*/true);
  sources_.push_back(source);
  return host;
}

void HostCopies::let_change() const {
  for (const auto& [index, stream] : streams_) put_after(stream, current_stream(stream.device()));
}

void HostCopies::wait() {
  for (const auto& [index, stream] : streams_) stream.synchronize();
  sources_.clear();
}

c10::Stream HostCopies::stream_of(c10::Device device) {
  const auto known = streams_.find(device.index());
  if (known != streams_.end()) return known->second;
  const c10::impl::VirtualGuardImpl impl(device.type());
  return streams_.emplace(device.index(), impl.getStreamFromGlobalPool(device)).first->second;
}

}  // namespace torchhub
