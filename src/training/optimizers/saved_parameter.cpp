#include "training/optimizers/saved_parameter.h"

#include "torchhub/base/error.h"
#include "torchhub/weights/pickle_tensors.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {

double number_in(const pickle::Value& value) {
  const auto* tensor = value.if_is<pickle::Tensor>();
  if (!tensor) return value.number();
  if (tensor->element_count() != 1) throw InvalidArgumentError("a tensor is no single number.");
  return tensor_of(*tensor).item<double>();
}

template <typename Read>
auto SavedParameter::naming_it(Read&& read) const {
  try {
    return read();
  } catch (const PickleError& error) {
    throw InvalidArgumentError(fmt::format("of parameter '{}': {}", name_, error.what()));
  }
}

bool SavedParameter::has(std::string_view key) const {
  const pickle::Value* value = saved_.find(key);
  return value && !value->is<pickle::None>();
}

at::Tensor SavedParameter::tensor(std::string_view key) const {
  return tensor(key, parameter_.sizes(), parameter_.scalar_type());
}

at::Tensor SavedParameter::tensor(std::string_view key, at::IntArrayRef shape,
                                  at::ScalarType type) const {
  return naming_it([&] {
    const pickle::Tensor& saved = saved_.at(key).tensor();
    if (at::IntArrayRef(saved.shape) != shape) {
      throw InvalidArgumentError(
          fmt::format("'{}' of parameter '{}' has another shape than the parameter.", key, name_));
    }
    // A copy of its own: the file's bytes must not be what the optimizer writes to.
    return tensor_of(saved).to(parameter_.device(), type, false, /*copy=*/true);
  });
}

double SavedParameter::number(std::string_view key) const {
  return naming_it([&] { return number_in(saved_.at(key)); });
}

std::int64_t SavedParameter::step() const {
  constexpr double kMost = 1e15;
  return naming_it([&] {
    const pickle::Value& value = saved_.at("step");
    const auto* tensor = value.if_is<pickle::Tensor>();
    const double step = tensor && tensor->element_count() != 1 ? -1 : number_in(value);
    if (!(step >= 0 && step <= kMost)) {  // NaN too
      throw InvalidArgumentError(
          fmt::format("'step' of parameter '{}' is no number of updates.", name_));
    }
    return static_cast<std::int64_t>(step);
  });
}

}  // namespace torchhub
