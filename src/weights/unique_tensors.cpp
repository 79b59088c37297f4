#include "unique_tensors.h"

#include "torchhub/base/error.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace torchhub {
namespace {

/// The bytes that a tensor reaches, from its first element to behind its last.
struct Extent {
  const std::string* name;
  const at::Tensor* tensor;
  std::uintptr_t begin;
  std::uintptr_t end;
};

Extent extent_of(const std::string& name, const at::Tensor& tensor) {
  std::int64_t last = 0;
  for (std::int64_t d = 0; d < tensor.dim(); ++d) last += (tensor.size(d) - 1) * tensor.stride(d);
  const auto begin = reinterpret_cast<std::uintptr_t>(tensor.data_ptr());
  const auto bytes = static_cast<std::uintptr_t>(last + 1) * tensor.element_size();
  return {.name = &name, .tensor = &tensor, .begin = begin, .end = begin + bytes};
}

bool is_same(const Extent& a, const Extent& b) {
  return a.begin == b.begin && a.end == b.end && a.tensor->dtype() == b.tensor->dtype() &&
         a.tensor->sizes() == b.tensor->sizes() && a.tensor->strides() == b.tensor->strides();
}

std::vector<Extent> sorted_extents(const StateDict& state) {
  std::vector<Extent> extents;
  for (const auto& [name, tensor] : state) {
    if (tensor.numel() > 0) extents.push_back(extent_of(name, tensor));
  }
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : *a.name < *b.name;
  });
  return extents;
}

}  // namespace

UniqueTensors unique_tensors(const StateDict& state) {
  UniqueTensors unique;
  std::vector<std::string> problems;
  const Extent* previous = nullptr;  // the one kept last; later ones begin at or behind it
  const std::vector<Extent> extents = sorted_extents(state);
  for (const Extent& extent : extents) {
    if (previous != nullptr && is_same(*previous, extent)) {
      unique.aliases[*extent.name] = *previous->name;
      continue;
    }
    if (previous != nullptr && extent.begin < previous->end) {
      problems.push_back(fmt::format("'{}' and '{}'", *previous->name, *extent.name));
    }
    if (previous == nullptr || extent.end > previous->end) previous = &extent;
  }
  if (!problems.empty()) {
    throw InvalidArgumentError(
        "Some tensors share a part of their memory, which a safetensors file cannot say; clone one "
        "of each pair",
        problems);
  }
  for (const auto& entry : state) {
    if (!unique.aliases.contains(entry.first)) unique.state.push_back(entry);
  }
  return unique;
}

}  // namespace torchhub
