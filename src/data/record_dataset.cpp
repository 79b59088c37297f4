#include "torchhub/data/record_dataset.h"

#include "data/error_context.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <utility>

namespace torchhub {
namespace {

constexpr auto kMostInt64 = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// The numbers of one column, row after row.
class Numbers {
 public:
  explicit Numbers(const Record& value) {
    measure(value);
    add(value, 0);
  }

  torch::Tensor tensor() const {
    if (!all_whole_ || doubles_.empty()) {
      return torch::tensor(doubles_, torch::kFloat64).to(torch::kFloat32).reshape(shape_);
    }
    const torch::Tensor wholes = torch::tensor(wholes_, torch::kInt64).reshape(shape_);
    return all_bool_ ? wholes.to(torch::kBool) : wholes;
  }

 private:
  /// The first element of each level says how long the level is.
  void measure(const Record& value) {
    const Record* level = &value;
    while (level->is_array()) {
      shape_.push_back(static_cast<std::int64_t>(level->size()));
      if (level->empty()) return;
      level = &level->front();
    }
  }

  void add(const Record& value, std::size_t depth) {
    if (depth == shape_.size()) return add_number(value);
    if (!value.is_array() || static_cast<std::int64_t>(value.size()) != shape_[depth]) {
      throw DatasetError(
          "holds rows of different lengths. Pad them in a function of your own (map_records)");
    }
    for (const Record& element : value) add(element, depth + 1);
  }

  void add_number(const Record& value) {
    if (!value.is_number() && !value.is_boolean()) throw DatasetError(refusal(value));
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMostInt64) {
      throw DatasetError(fmt::format("holds {}, more than int64 can", value.get<std::uint64_t>()));
    }
    all_bool_ = all_bool_ && value.is_boolean();
    all_whole_ = all_whole_ && !value.is_number_float();
    const bool yes = value.is_boolean() && value.get<bool>();
    doubles_.push_back(value.is_boolean() ? yes : value.get<double>());
    wholes_.push_back(value.is_number_integer() ? value.get<std::int64_t>() : yes);
  }

  static std::string refusal(const Record& value) {
    if (value.is_array()) {
      return "holds rows of different lengths. Pad them in a function of your own (map_records)";
    }
    return fmt::format(
        "is {}, which no tensor holds. Make tensors of it in a function of your own (map_records), "
        "or name the columns to take without it",
        value.is_string()   ? "text"
        : value.is_object() ? "an object"
                            : "null");
  }

  std::vector<std::int64_t> shape_;
  std::vector<double> doubles_;
  std::vector<std::int64_t> wholes_;
  bool all_bool_ = true;
  bool all_whole_ = true;
};

torch::Tensor tensor_of(const Record& value, const std::string& name) {
  try {
    return Numbers(value).tensor();
  } catch (const DatasetError& error) {
    throw DatasetError(fmt::format("column '{}' {}.", name, error.what()));
  }
}

class RecordDataset final : public Dataset {
 public:
  RecordDataset(std::shared_ptr<const RecordFile> records, RecordMap map)
      : records_(std::move(records)), map_(std::move(map)) {}

  std::int64_t size() const override { return records_->size(); }
  Batch get(std::int64_t index) const override {
    const Record record = records_->get(index);
    return with_context([&] { return records_->where(index); }, [&] { return map_(record); });
  }

 private:
  std::shared_ptr<const RecordFile> records_;
  RecordMap map_;
};

}  // namespace

Batch tensors_of(const Record& record, const std::vector<std::string>& columns) {
  Batch batch;
  for (const auto& [name, value] : record.items()) {
    if (columns.empty()) batch.emplace(name, tensor_of(value, name));
  }
  for (const std::string& name : columns) {
    const auto found = record.find(name);
    if (found == record.end()) {
      throw DatasetError(fmt::format("there is no column '{}'. Give every record the same.", name));
    }
    batch.emplace(name, tensor_of(*found, name));
  }
  return batch;
}

std::shared_ptr<const Dataset> map_records(std::shared_ptr<const RecordFile> records,
                                           RecordMap map) {
  return std::make_shared<RecordDataset>(std::move(records), std::move(map));
}

std::shared_ptr<const Dataset> map_records(std::shared_ptr<const RecordFile> records,
                                           std::vector<std::string> columns) {
  return map_records(std::move(records), [columns = std::move(columns)](const Record& record) {
    return tensors_of(record, columns);
  });
}

}  // namespace torchhub
