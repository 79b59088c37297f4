#pragma once

#include "torchhub/fwd.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// One name over all samples of a batch. Every error is a DatasetError that names the sample.
namespace torchhub {

/// @throws DatasetError if there is none
void require_samples(const std::vector<Batch>& samples);

/// An undefined tensor is Python's None: as good as absent.
bool has_value(const Batch& sample, const std::string& name);

/// @throws DatasetError if sample `index` has no such value
const at::Tensor& value_of(const std::vector<Batch>& samples, std::size_t index,
                           const std::string& name);

/// [batch, ...]. @throws DatasetError if a sample has no such value, or one of another shape
at::Tensor stacked(const std::vector<Batch>& samples, const std::string& name);

/// The type that Python's numbers get in a tensor: int64, float32 or bool.
at::Tensor as_python_numbers(const at::Tensor& column);

/// `label` if the first sample has such a value, else `labels`.
std::string label_name(const std::vector<Batch>& samples);

/// The samples without some names. Shares memory.
std::vector<Batch> without(const std::vector<Batch>& samples,
                           std::initializer_list<std::string_view> names);

/// "input_ids, labels".
std::string names_text(const Batch& batch);

/// "[2, 3]".
std::string shape_text(const at::Tensor& value);

}  // namespace torchhub
