#pragma once

#include "torchhub/data/padding.h"
#include "torchhub/fwd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// One name whose rows differ in length over the samples of a batch. Every error is a DatasetError
/// that names the sample, unless said otherwise.
namespace torchhub {

/// @throws InvalidArgumentError naming `what` if the options are wrong
PaddingOptions checked(const PaddingOptions& options, const std::string& what);

/// The first size of each sample's value.
/// @throws DatasetError if one is missing or has another number of dimensions
std::vector<std::int64_t> row_lengths(const std::vector<Batch>& samples, const std::string& name,
                                      std::int64_t dimensions = 1);

/// @throws DatasetError if a sample's value is not one entry for each of its `input_ids`
void require_one_a_token(const std::vector<Batch>& samples, const std::string& name,
                         std::int64_t dimensions = 1);

/// What the options' strategy makes of rows of these lengths. Above max_length they stay as they
/// are. @throws DatasetError if rows that differ would remain
std::int64_t padded_length(const std::vector<std::int64_t>& lengths, const std::string& name,
                           const PaddingOptions& options);

/// What a row gets to be as long as the others.
struct RowPadding {
  std::int64_t length = 0;  ///< Of every row afterwards.
  std::int64_t fill = 0;
  PaddingSide side = PaddingSide::right;
};

/// int64 [batch, length, ...] of rows [their length, ...].
/// @throws DatasetError if a row is missing, too long, or differs in its further sizes
at::Tensor padded_column(const std::vector<Batch>& samples, const std::string& name,
                         const RowPadding& padding);

}  // namespace torchhub
