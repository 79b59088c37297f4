#pragma once

#include "torchhub/data.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace torchhub::testing {

/// The samples of a dataset in order, as from a place where they cannot be numbered.
class StreamOf final : public IterableDataset {
 public:
  /// @param sized whether it says how many there are
  explicit StreamOf(std::shared_ptr<const Dataset> data, bool sized = true)
      : data_(std::move(data)), sized_(sized) {}

  std::optional<std::int64_t> size() const override {
    return sized_ ? std::optional(data_->size()) : std::nullopt;
  }
  std::unique_ptr<SampleStream> open(std::int64_t /*epoch*/) const override {
    return std::make_unique<Stream>(data_);
  }

 private:
  class Stream final : public SampleStream {
   public:
    explicit Stream(std::shared_ptr<const Dataset> data) : data_(std::move(data)) {}
    std::optional<Batch> next() override {
      return place_ < data_->size() ? std::optional(data_->get(place_++)) : std::nullopt;
    }

   private:
    std::shared_ptr<const Dataset> data_;
    std::int64_t place_ = 0;
  };

  std::shared_ptr<const Dataset> data_;
  bool sized_;
};

}  // namespace torchhub::testing
