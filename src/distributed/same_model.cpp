#include "distributed/exchange_engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <unordered_set>

namespace torchhub {
namespace {

std::string described(const std::string& name, const at::Tensor& tensor) {
  return fmt::format("'{}' is {} [{}]{}\n", name, c10::toString(tensor.scalar_type()),
                     fmt::join(tensor.sizes().vec(), ", "),
                     tensor.requires_grad() ? "" : " without gradient");
}

std::string described(const torch::nn::Module& model) {
  std::string text;
  for (const NamedTensor& parameter : parameters_of(model)) {
    text += described(parameter.name, parameter.tensor);
  }
  for (const auto& buffer : model.named_buffers()) text += described(buffer.key(), buffer.value());
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Where the model of `rank` first leaves that of rank 0; what follows is often only a shift.
std::string difference(const std::vector<std::string>& first, const std::vector<std::string>& other,
                       std::size_t rank) {
  const auto [here, there] = std::mismatch(first.begin(), first.end(), other.begin(), other.end());
  const auto shown = [](const auto& line, const auto& lines) {
    return line == lines.end() ? std::string("nothing more") : *line;
  };
  return fmt::format("on rank {} {}, on rank 0 {}", rank, shown(there, other), shown(here, first));
}

}  // namespace

std::vector<NamedTensor> parameters_of(const torch::nn::Module& model) {
  std::vector<NamedTensor> out;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (const auto& parameter : model.named_parameters()) {
    if (seen.insert(parameter.value().unsafeGetTensorImpl()).second) {
      out.push_back({parameter.key(), parameter.value()});
    }
  }
  return out;
}

std::vector<at::Tensor> buffers_of(const torch::nn::Module& model) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& buffer : model.buffers()) {
    if (buffer.defined()) out.push_back(buffer);
  }
  return out;
}

void check_same_model(const torch::nn::Module& model, ProcessGroup& group) {
  const std::vector<std::string> all = group.all_gather_object(described(model));
  std::vector<std::string> problems;
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] != all[0])
      problems.push_back(difference(lines_of(all[0]), lines_of(all[rank]), rank));
  }
  if (problems.empty()) return;
  throw InvalidArgumentError("The ranks hold different models; make the same one on each",
                             std::move(problems));
}

}  // namespace torchhub
