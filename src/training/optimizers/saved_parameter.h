#pragma once

#include "torchhub/pickle/value.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace torchhub {

/// A number, or a tensor with one.
double number_in(const pickle::Value& value);

/// What optimizer.pt holds of one parameter. All of it is the file's word: nothing is allocated
/// before it fits the parameter. Throws InvalidArgumentError naming the parameter.
class SavedParameter {
 public:
  SavedParameter(const pickle::Dict& saved, std::string name, const at::Tensor& parameter)
      : saved_(saved), name_(std::move(name)), parameter_(parameter) {}

  const at::Tensor& parameter() const { return parameter_; }
  /// Whether there is something other than None under the key.
  bool has(std::string_view key) const;

  /// Of the parameter's shape, type and device; memory of its own.
  at::Tensor tensor(std::string_view key) const;
  at::Tensor tensor(std::string_view key, at::IntArrayRef shape, at::ScalarType type) const;
  /// A number, or a tensor with one.
  double number(std::string_view key) const;
  /// Updates of the parameter.
  std::int64_t step() const;

 private:
  /// Puts the parameter's name to what is wrong with the file.
  template <typename Read>
  auto naming_it(Read&& read) const;

  const pickle::Dict& saved_;
  std::string name_;
  const at::Tensor& parameter_;
};

}  // namespace torchhub
