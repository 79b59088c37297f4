#include "golden_batch.h"

#include "support/golden.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <map>
#include <sstream>

namespace torchhub::testing {
namespace {

torch::ScalarType type_named(const std::string& name) {
  static const std::map<std::string, torch::ScalarType> kTypes = {
      {"int64", torch::kInt64},     {"int32", torch::kInt32},     {"uint8", torch::kUInt8},
      {"float32", torch::kFloat32}, {"float64", torch::kFloat64}, {"float16", torch::kFloat16},
      {"bool", torch::kBool}};
  return kTypes.at(name);
}

torch::Tensor tensor_from(const nlohmann::json& golden) {
  std::vector<double> values;
  for (const nlohmann::json& value : golden.at(2)) {
    values.push_back(value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : value.get<double>());
  }
  return torch::tensor(values, torch::kFloat64)
      .reshape(golden.at(1).get<std::vector<std::int64_t>>())
      .to(type_named(golden.at(0)));
}

}  // namespace

nlohmann::json golden_collators(const std::string& part) {
  return nlohmann::json::parse(golden("data/collators.json")).at(part);
}

Batch batch_from(const nlohmann::json& columns) {
  Batch batch;
  for (const auto& [name, value] : columns.items()) batch.emplace(name, tensor_from(value));
  return batch;
}

std::vector<Batch> batches_from(const nlohmann::json& list) {
  std::vector<Batch> batches;
  for (const nlohmann::json& columns : list) batches.push_back(batch_from(columns));
  return batches;
}

std::string difference(const Batch& batch, const Batch& expected) {
  std::ostringstream text;
  for (const auto& [name, value] : batch) {
    if (!expected.contains(name)) text << "'" << name << "' is not expected\n";
  }
  for (const auto& [name, value] : expected) {
    const auto found = batch.find(name);
    if (found == batch.end()) {
      text << "'" << name << "' is missing\n";
    } else if (found->second.scalar_type() != value.scalar_type() ||
               !torch::equal(found->second, value)) {
      text << "'" << name << "' is " << found->second << "\nand not " << value << "\n";
    }
  }
  return text.str();
}

}  // namespace torchhub::testing
