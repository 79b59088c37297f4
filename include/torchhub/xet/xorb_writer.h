#pragma once

#include "torchhub/xet/chunk_codec.h"
#include "torchhub/xet/xorb.h"

#include <cstddef>
#include <span>
#include <vector>

namespace torchhub::xet {

/// A xorb being put together in memory.
class XorbWriter {
 public:
  /// @return false, and nothing is added, if the xorb has no room for it
  bool add(std::span<const std::byte> chunk, Scheme scheme);

  const XorbTable& table() const { return table_; }  ///< Its hash is set by finish().
  bool empty() const { return table_.chunks.empty(); }

  struct Finished {
    XorbTable table;
    std::vector<std::byte> bytes;
  };
  /// What clients send. The writer is empty again.
  Finished finish();
  /// The same with the footer that a store keeps.
  Finished finish_with_footer();

 private:
  XorbTable table_;
  MerkleTree tree_;
  std::vector<std::byte> bytes_;
};

}  // namespace torchhub::xet
