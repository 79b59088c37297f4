#pragma once

#include "torchhub/fwd.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace torchhub {

class Dataset;

/// The order of an epoch. A pure function of the epoch's number, so that a resumed run has nothing
/// to restore and nothing to replay.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual std::int64_t size() const = 0;
  virtual std::vector<std::int64_t> order(std::int64_t epoch) const = 0;
};

/// 0, 1, ..., size - 1.
class SequentialSampler final : public Sampler {
 public:
  explicit SequentialSampler(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> order(std::int64_t epoch) const override;

 private:
  std::int64_t size_;
};

/// `torch.randperm(size)` from a CPU generator seeded with seed + epoch: the order that
/// accelerate's seedable sampler gives Python's Trainer.
class RandomSampler final : public Sampler {
 public:
  RandomSampler(std::int64_t size, std::uint64_t seed) : size_(size), seed_(seed) {}
  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> order(std::int64_t epoch) const override;

 private:
  std::int64_t size_;
  std::uint64_t seed_;
};

/// Samples of like length side by side, so that padding them costs little (transformers'
/// `LengthGroupedSampler`): a random order, cut into chunks of up to 50 batches, each chunk sorted
/// by length with the longest first; the longest sample of all comes first, so that a lack of
/// memory shows at once. Python draws its random order from the global generator, where a resumed
/// run would need a replay to find the same one; here it is that of RandomSampler.
class LengthGroupedSampler final : public Sampler {
 public:
  /// @param lengths of each sample, as lengths_of() gives them
  /// @param batch_size samples that are padded together or follow one another in an update: in
  /// training, batch size x gradient_accumulation_steps. > 0
  /// @throws InvalidArgumentError if batch_size is not above 0
  LengthGroupedSampler(std::vector<std::int64_t> lengths, std::int64_t batch_size,
                       std::uint64_t seed);
  std::int64_t size() const override { return static_cast<std::int64_t>(lengths_.size()); }
  std::vector<std::int64_t> order(std::int64_t epoch) const override;

 private:
  std::vector<std::int64_t> lengths_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
};

/// Length of every sample: the number in column `length_column_name`, else the elements of
/// `input_name`. Reads each sample once.
/// @throws InvalidArgumentError that names the sample which has neither
std::vector<std::int64_t> lengths_of(const Dataset& dataset,
                                     std::string_view length_column_name = "length",
                                     std::string_view input_name = "input_ids");

}  // namespace torchhub
