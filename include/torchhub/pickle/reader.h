#pragma once

#include "torchhub/pickle/value.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace torchhub::pickle {

/// Each byte of a pickle allows so many bytes of copies: an array's numbers are copied three times,
/// the few bytes that describe a tensor about eight times over.
inline constexpr std::size_t kCopiesPerByte = 8;

/// Against files that are made to exhaust memory.
struct Limits {
  std::size_t pickle_bytes = std::size_t{256} << 20;  ///< Of the pickle; more may follow it.
  std::size_t text_bytes = std::size_t{16} << 20;     ///< Of one text.
  std::size_t stack = 1'000'000;                      ///< Values waiting to be put together.
  std::size_t memo = 4'000'000;                       ///< Remembered values.
  std::size_t depth = 128;                            ///< Of the tree.
  std::size_t tensors = 1'000'000;
  std::size_t values = 8'000'000;  ///< While reading, and in the finished tree; ~100 bytes each.
  /// Of texts, arrays and tensors' sizes that are copied while reading and into the tree, on top of
  /// kCopiesPerByte. The bytes of storages are never copied.
  std::size_t copied_bytes = std::size_t{256} << 20;
};

/// A storage that the pickle refers to.
struct StorageRequest {
  std::string key;  ///< "0": the record is `data/0`.
  ScalarType type;
  std::uint64_t bytes = 0;  ///< Its size, as the pickle has it.
};

struct ReadOptions {
  std::string source = "<memory>";  ///< The file's name for messages.
  Limits limits = {};
  /// Finds the bytes of a storage; called once for each key. Without it tensors are refused.
  std::function<std::shared_ptr<const Storage>(const StorageRequest&)> storage = nullptr;
};

struct ReadResult {
  Value value;
  std::size_t size = 0;  ///< Bytes that the pickle took; more may follow it.
};

/// Reads a pickle of protocol 2 to 4 by a fixed table of opcodes and of names that stand for
/// tensors and plain containers. Nothing is looked up or called by a name in the file. Storages are
/// as large as the pickle says, and no tensor reaches out of its storage.
/// @throws PickleError naming opcode and offset
ReadResult read_pickle(std::span<const std::byte> bytes, const ReadOptions& options = {});

}  // namespace torchhub::pickle
