#pragma once

#include "pickle/budget.h"
#include "pickle/node.h"
#include "torchhub/pickle/reader.h"

namespace torchhub::pickle {

/// torch's own limit, and NumPy's.
inline constexpr std::size_t kMaxDimensions = 64;

/// What the names of the table do when a pickle "calls" them. No other code runs.
class Rebuilder {
 public:
  Rebuilder(Arena& arena, Budget& budget, const ReadOptions& options)
      : arena_(arena), budget_(budget), options_(options) {}

  /// REDUCE and NEWOBJ. @throws Refusal
  Node* call(const Node& callee, const Node& arguments);
  /// BUILD: gives `target` its state. @throws Refusal
  void build(Node& target, Node& state);
  /// BINPERSID: a storage. @throws Refusal
  Node* storage(const Node& id);

 private:
  struct KnownStorage {
    StorageRequest request;
    std::shared_ptr<const Storage> storage;
  };

  StorageRequest requested(const std::vector<Node*>& id);
  void append(Node& node, const std::vector<Node*>& children);
  Node* ordered_dict(const std::vector<Node*>& arguments);
  Node* counter(const std::vector<Node*>& arguments);
  Node* set(const std::vector<Node*>& arguments);
  Node* size(const std::vector<Node*>& arguments);
  Node* device(const std::vector<Node*>& arguments);
  Node* encoded(const std::vector<Node*>& arguments);
  Node* tensor(Global version, const std::vector<Node*>& arguments);
  Node* parameter(const std::vector<Node*>& arguments);
  Node* from_type(const std::vector<Node*>& arguments);
  Node* numpy_array(const std::vector<Node*>& arguments);
  Node* numpy_dtype(const std::vector<Node*>& arguments);
  Node* numpy_scalar(const std::vector<Node*>& arguments);
  void build_numpy_array(Node& target, const Node& state);
  void build_numpy_dtype(const Node& state);

  Arena& arena_;
  Budget& budget_;
  const ReadOptions& options_;
  std::size_t tensors_ = 0;
  std::map<std::string, KnownStorage, std::less<>> storages_;
};

}  // namespace torchhub::pickle
