#include "torchhub/base/error.h"
#include "torchhub/safetensors/index.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace torchhub::safetensors {
namespace {

constexpr std::size_t kUnplaced = static_cast<std::size_t>(-1);

/// Groups of tensors in the order in which their shards are closed.
class Placing {
 public:
  explicit Placing(std::uint64_t limit) : limit_(limit) {}

  /// Tensors over one storage follow the first of them.
  std::size_t group_of(const SizedTensor& tensor) {
    if (!tensor.storage) return place(tensor.bytes);
    const auto [found, is_new] = group_of_storage_.try_emplace(*tensor.storage, 0);
    if (is_new) found->second = place(tensor.bytes);
    return found->second;
  }

  /// For each group its shard, counted from 0.
  std::vector<std::size_t> finish() {
    close();
    return std::move(shard_of_group_);
  }

  std::size_t shard_count() const { return shards_; }
  std::uint64_t total() const { return total_; }

 private:
  std::size_t place(std::uint64_t bytes) {
    total_ += bytes;
    if (bytes > limit_) {  // closed at once, so it comes before the shard that is still open
      shard_of_group_.push_back(shards_++);
      return shard_of_group_.size() - 1;
    }
    if (open_ != kUnplaced && open_bytes_ + bytes > limit_) close();
    if (open_ == kUnplaced) {
      open_ = shard_of_group_.size();
      shard_of_group_.push_back(kUnplaced);
    }
    open_bytes_ += bytes;
    return open_;
  }

  void close() {
    if (open_ != kUnplaced) shard_of_group_[open_] = shards_++;
    open_ = kUnplaced;
    open_bytes_ = 0;
  }

  std::uint64_t limit_;
  std::vector<std::size_t> shard_of_group_;
  std::unordered_map<std::uint64_t, std::size_t> group_of_storage_;
  std::size_t open_ = kUnplaced;  // the group that still grows
  std::uint64_t open_bytes_ = 0;
  std::size_t shards_ = 0;
  std::uint64_t total_ = 0;
};

std::vector<Shard> named_shards(std::size_t count, const WeightNames& names) {
  if (count <= 1) return {{names.single()}};
  std::vector<Shard> shards;
  for (std::size_t i = 1; i <= count; ++i) shards.push_back({names.shard(i, count)});
  return shards;
}

}  // namespace

ShardPlan plan_shards(std::span<const SizedTensor> tensors, std::uint64_t max_shard_bytes,
                      const WeightNames& weight_names) {
  if (max_shard_bytes == 0) {
    throw InvalidArgumentError("max_shard_size is 0. Give a size above 0, such as 5GB.");
  }
  Placing placing(max_shard_bytes);
  std::unordered_set<std::string_view> names;
  std::vector<std::size_t> groups;
  for (const SizedTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw InvalidArgumentError(fmt::format("Tensor '{}' is given twice.", tensor.name));
    }
    groups.push_back(placing.group_of(tensor));
  }
  const auto shard_of_group = placing.finish();

  ShardPlan plan{named_shards(placing.shard_count(), weight_names), placing.total()};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    plan.shards[shard_of_group[groups[i]]].tensors.push_back(tensors[i].name);
  }
  return plan;
}

ShardIndex ShardPlan::index(std::optional<std::uint64_t> total_parameters) const {
  ShardIndex index{total_size, total_parameters};
  for (const Shard& shard : shards) {
    for (const std::string& tensor : shard.tensors) index.weight_map[tensor] = shard.file;
  }
  return index;
}

}  // namespace torchhub::safetensors
