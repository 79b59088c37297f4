#pragma once

#include "torchhub/xet/chunk_codec.h"
#include "torchhub/xet/xorb.h"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace torchhub::xet {

/// Walks a xorb while it arrives: unpacks and hashes every chunk, and checks the footer if there is
/// one. Keeps one chunk in memory, whatever the headers claim, and the table. Every message of an
/// XetError is half a sentence, for the caller to say what it is about.
class XorbReader {
 public:
  /// @param take gets the bytes of each chunk in order, good during the call only
  explicit XorbReader(std::function<void(std::span<const std::byte>)> take = {});

  /// @throws XetError
  void write(std::span<const std::byte> bytes);
  /// @throws XetError if the xorb ends early, is empty, or its footer says something else
  XorbTable finish();

 private:
  std::size_t wanted() const;
  void take_part();
  void take_chunk(const ChunkHeader& header, std::span<const std::byte> packed);

  std::function<void(std::span<const std::byte>)> take_;
  ChunkDecoder decoder_;
  MerkleTree tree_;
  XorbTable table_;
  std::vector<std::byte> part_;  ///< Of a header, a chunk with its header, or the footer.
  bool in_footer_ = false;
};

}  // namespace torchhub::xet
