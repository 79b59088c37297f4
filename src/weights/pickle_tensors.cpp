#include "torchhub/weights/pickle_tensors.h"

#include "torchhub/weights/dtype.h"
#include "torchhub/weights/host_copies.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace torchhub {
namespace {

at::ScalarType type_or_throw(const pickle::Tensor& pickled) {
  const std::string_view name = pickle::to_string(pickled.type);
  if (const auto type = scalar_type_of_python(name)) return *type;
  throw PickleError(fmt::format("LibTorch {} has no tensors of type {}, but the file holds one.",
                                TORCH_VERSION, name));
}

pickle::ScalarType type_or_throw(const at::Tensor& tensor) {
  const std::string name = python_dtype_name(tensor.scalar_type());
  if (const auto type = pickle::find_scalar_type(name)) return *type;
  throw InvalidArgumentError(fmt::format("torch.save files cannot hold tensors of type {}.", name));
}

/// What elements that are stored once may take when each of their places is filled. Python saves
/// what `expand` made with a stride of 0, and such masks are to be read; but a file of a few bytes
/// must not ask for more memory than there is.
constexpr std::uint64_t kMaxRepeatedBytes = std::uint64_t{256} << 20;

void check_repetition(const pickle::Tensor& pickled) {
  const std::uint64_t stored = pickled.bytes().size();
  const std::uint64_t most = std::max(stored, kMaxRepeatedBytes) / pickle::item_size(pickled.type);
  if (static_cast<std::uint64_t>(pickled.element_count()) <= most) return;
  throw PickleError(fmt::format(
      "A {} tensor of shape [{}] and stride [{}] repeats {} stored bytes more often than {} MiB "
      "hold. If the file is to be trusted, store the tensor without `expand`.",
      pickle::to_string(pickled.type), fmt::join(pickled.shape, ", "),
      fmt::join(pickled.stride, ", "), stored, kMaxRepeatedBytes >> 20));
}

/// The reach of the elements as a tensor over one row, so that strides can be laid over it.
at::Tensor whole_extent(const pickle::Tensor& pickled, at::ScalarType type) {
  const std::span<const std::byte> bytes = pickled.bytes();
  const auto count = static_cast<std::int64_t>(bytes.size() / pickle::item_size(pickled.type));
  at::Tensor row = torch::empty({count}, type);
  std::memcpy(row.data_ptr(), bytes.data(), bytes.size());  // by bytes: they may not be aligned
  return row;
}

}  // namespace

at::Tensor tensor_of(const pickle::Tensor& pickled) {
  const at::ScalarType type = type_or_throw(pickled);
  if (pickled.element_count() == 0) return torch::empty(pickled.shape, type);
  check_repetition(pickled);
  return whole_extent(pickled, type).as_strided(pickled.shape, pickled.stride).contiguous();
}

pickle::Tensor pickle_tensor(const at::Tensor& tensor, const ToHost& to_host) {
  const pickle::ScalarType type = type_or_throw(tensor);
  const auto stored = std::make_shared<at::Tensor>(to_host ? to_host(tensor) : on_host(tensor));
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(stored->data_ptr()),
                                         stored->nbytes());
  return pickle::make_tensor(type, tensor.sizes().vec(), bytes, stored);
}

}  // namespace torchhub
