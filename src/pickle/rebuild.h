#pragma once

#include "pickle/node.h"
#include "torchhub/pickle/reader.h"

namespace torchhub::pickle {

/// A reason why a pickle is refused, without the place; the reader adds it.
class Refusal : public Error {
 public:
  using Error::Error;
};

/// What the names of the table do when a pickle "calls" them. No other code runs.
class Rebuilder {
 public:
  Rebuilder(Arena& arena, const ReadOptions& options) : arena_(arena), options_(options) {}

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
  const ReadOptions& options_;
  std::size_t tensors_ = 0;
  std::map<std::string, KnownStorage, std::less<>> storages_;
};

}  // namespace torchhub::pickle
