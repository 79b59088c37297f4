#pragma once

#include <torch/torch.h>

#include <unordered_set>
#include <vector>

namespace torchhub {

/// The nodes of the graph that `loss.backward()` visits.
inline std::unordered_set<torch::autograd::Node*> nodes_below(const at::Tensor& loss) {
  std::unordered_set<torch::autograd::Node*> seen;
  std::vector<torch::autograd::Node*> todo = {loss.grad_fn().get()};
  while (!todo.empty()) {
    torch::autograd::Node* const node = todo.back();
    todo.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    for (const auto& edge : node->next_edges()) todo.push_back(edge.function.get());
  }
  return seen;
}

}  // namespace torchhub
