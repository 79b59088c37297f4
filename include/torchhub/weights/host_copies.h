#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <map>
#include <vector>

namespace torchhub {

/// Row-major on the CPU, once it is there: itself where it is so already.
at::Tensor on_host(const at::Tensor& tensor);

/// Tensors of a GPU on their way to pinned host memory, on a stream of their own beside the
/// device's work. The memory is LibTorch's: it keeps pinned buffers for the next save. On the CPU
/// all of it is at rest.
///
///     at::Tensor host = copies.take(parameter);   // training thread, returns at once
///     copies.let_change();                        // training thread, before the optimizer's step
///     copies.wait(); use(host);                   // any other thread
class HostCopies {
 public:
  /// Training thread. `tensor` as it is now, row-major on the CPU: itself where it is so already,
  /// else a copy. Of a GPU its bytes are there after wait(), and it must not be changed before
  /// let_change().
  at::Tensor take(const at::Tensor& tensor);
  /// Training thread: what the current stream does from here on waits, on the device, for what was
  /// taken. The thread does not.
  void let_change() const;
  /// One thread, after all take(): until what was taken has arrived. @throws c10::Error
  void wait();

 private:
  c10::Stream stream_of(c10::Device device);

  std::map<c10::DeviceIndex, c10::Stream> streams_ = {};
  std::vector<at::Tensor> sources_ = {};  ///< Kept while they are read.
};

}  // namespace torchhub
