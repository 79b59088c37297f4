#include "torchhub/weights/deferred_files.h"

#include "weights/early_copies.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace torchhub {

at::Tensor DeferredFiles::take(const at::Tensor& tensor) {
  if (steady_.contains(tensor.data_ptr())) return take_steady(tensor);
  return copies_.take(tensor.detach().clone(at::MemoryFormat::Contiguous));
}

at::Tensor DeferredFiles::take_steady(const at::Tensor& tensor) {
  at::Tensor host = copies_.take(tensor);
  if (!tensor.is_inference()) versions_.push_back({tensor.detach(), tensor._version()});
  if (host.data_ptr() == tensor.data_ptr() && host.nbytes() > 0) {
    live_.add({static_cast<const std::byte*>(host.data_ptr()), host.nbytes()},
              std::make_shared<const at::Tensor>(host));
  }
  return host;
}

void DeferredFiles::add(std::filesystem::path file, Write write) {
  files_.emplace_back(std::move(file), std::move(write));
}

void DeferredFiles::write(const std::stop_token& stop) {
  copies_.wait();
  require_unchanged(/*on_devices_alone=*/true);
  std::optional<EarlyCopies> early;
  if (keep_expected_ && live_.bytes_live() > 0) early.emplace(live_, *keep_expected_);
  const Writing how{.bytes_now =
                        [&](std::span<const std::byte> piece) {
                          if (early) early->was_written(piece.size());
                          return live_.read(piece);
                        },
                    .sha256 = sha256_,
                    .stop = stop};
  for (const auto& [file, write_file] : files_) written_[file] = write_file(how);
  require_unchanged(/*on_devices_alone=*/false);
}

/// @param on_devices_alone what lies on the CPU is still to be read
void DeferredFiles::require_unchanged(bool on_devices_alone) {
  const std::lock_guard lock(mutex_);
  std::vector<Version> read = std::exchange(versions_, {});
  if (on_devices_alone) {
    const auto to_come = std::partition(read.begin(), read.end(),
                                        [](const Version& v) { return !v.tensor.is_cpu(); });
    versions_.assign(to_come, read.end());
    read.erase(to_come, read.end());
  }
  if (changed_before_keep_
          ? !*changed_before_keep_
          : std::none_of(read.begin(), read.end(), std::mem_fn(&Version::is_past))) {
    return;
  }
  throw SpoiledSaveError(
      "A parameter, or a state of the optimizer, was changed in place while it was being saved "
      "and before the optimizer's step, so that the files would hold a mixture. Make such changes "
      "in on_pre_optimizer_step or on_optimizer_step, or set save_mode to SaveMode::sync.");
}

std::size_t DeferredFiles::keep() {
  {
    const std::lock_guard lock(mutex_);
    if (!changed_before_keep_) {
      changed_before_keep_ =
          std::any_of(versions_.begin(), versions_.end(), std::mem_fn(&Version::is_past));
    }
  }
  copies_.let_change();
  return live_.keep();
}

}  // namespace torchhub
